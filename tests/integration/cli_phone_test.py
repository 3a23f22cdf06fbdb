#!/usr/bin/env python3
"""vigil-field as a process: work without a network, dead phones, unsent work by file."""

import datetime
import json
import pathlib
import unittest

from cli_support import SampleCase


class Phones(SampleCase):
    """One server for all; phones of their own where a test needs them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        test = cls("ctl")
        cls.safety = test.add_office("safety-01", cls.directory)
        cls.a = test.add_phone("inspector-01", cls.directory)
        cls.b = test.add_phone("inspector-02", cls.directory)

    def setUp(self):
        for phone in (self.a, self.b):
            self.field(phone, "sync")

    def offline(self):
        self.server.stop()
        self.addCleanup(self.online)

    def online(self):
        if self.server.process is None:
            self.server.start()

    def report(self, phone: pathlib.Path, description: str) -> str:
        made = self.field(phone, "report", "--source", "RS-LF-001", "--description", description,
                          "--json").json
        self.assertRegex(made["provisional_number"], r"^P-[0-9A-Z]{4,}$")
        return made["provisional_number"]

    def number_of(self, phone: pathlib.Path, provisional: str) -> str:
        return self.field(phone, "show", provisional, "--json").json["number"]

    def test_a_hazard_has_a_provisional_number_until_the_register_gives_one(self):
        self.offline()
        provisional = self.report(self.a, "竖井甲烷超限")
        self.field(self.a, "edit", provisional, "--set", "grade=major")
        status = self.field(self.a, "status", "--json").json
        self.assertEqual((status["pending"], status["complete"]), (2, True))
        self.assertEqual(self.number_of(self.a, provisional), provisional)
        self.field(self.a, "sync", code=3)
        self.assertEqual(self.field(self.a, "status", "--json").json["pending"], 2)
        self.online()
        report = self.field(self.a, "sync", "--json").json
        self.assertEqual((report["applied"], report["refused"]), (2, 0))
        number = self.number_of(self.a, provisional)
        self.assertRegex(number, r"^\d{4}-\d{4,}$")
        self.assertEqual(self.hazard(number)["state"]["grade"], "HAZARD_GRADE_MAJOR")
        self.assertEqual(len(self.field(self.a, "journal", "--json").json) >= 2, True)

    def test_due_lists_inspections_and_hazards_by_day(self):
        tasks = self.field(self.a, "due", "--days", "40", "--json").json
        self.assertEqual({task["what"] for task in tasks} - {"accept", "confirm"},
                         {"inspect", "rectify", "verify"})
        days = [task["due"] for task in tasks if task["due"]]
        self.assertEqual(days, sorted(days))
        text = self.field(self.a, "due", "--hazards", "--lang", "zh").out
        self.assertIn("整改", text)
        self.assertNotIn("检查", text)
        self.assertIn("RS-LF-001", self.field(self.a, "sources", "--text", "RS-LF-001").out)

    def test_an_inspection_survives_a_dead_phone(self):
        begun = datetime.date.today() - datetime.timedelta(days=5)
        soon = ("due", "--inspections", "--days", "3", "--json")
        self.assertNotIn("RS-LF-002", [task["number"] for task in self.field(self.a, *soon).json])
        self.field(self.a, "inspect", "RS-LF-002", "--answer", "LF-01=0.4", "--draft",
                   "--started-at", begun)
        # The input ends after one more answer, as when the battery dies.
        self.field(self.a, "inspect", "RS-LF-002", stdin="0.2\n")
        drafts = self.field(self.a, "inspect", "drafts", "--json").json
        answers = drafts[0]["entity"]["inspection"]["answers"]
        self.assertEqual([a["item"] for a in answers], ["LF-01", "LF-02"])
        self.field(self.a, "inspect", "RS-LF-002", "--answer", "LF-99=1", code=2)
        unsigned = self.field(self.a, "inspect", "RS-LF-002", "--remark", "雨后", code=2)
        self.assertIn("--signature-refused", unsigned.err)
        made = self.field(self.a, "inspect", "RS-LF-002", "--answer", "LF-03=5",
                          "--signature-refused", "负责人不在场", "--hazard", "作业面甲烷超限",
                          "--json").json
        self.assertEqual([m["command"] for m in made], ["create_record", "report_hazard"])
        self.assertEqual(self.field(self.a, "inspect", "drafts", "--json").json, [])
        self.assertEqual(self.field(self.a, "sync", "--json").json["applied"], 2)
        shown = self.field(self.a, "show", made[0]["records"][0], "--lang", "zh").out
        self.assertIn("雨后", shown)
        # Every 7 days, the last time 5 days ago.
        self.assertIn("RS-LF-002", [task["number"] for task in self.field(self.a, *soon).json])

    def test_a_complete_dialogue_submits_by_itself(self):
        items = next(r["entity"]["checklist"]["items"]
                     for r in self.ctl("list", "checklist", "--json").json
                     if r["entity"]["checklist"]["code"] == "landfill/1")
        answers = {"ANSWER_TYPE_NUMBER": "0", "ANSWER_TYPE_YES_NO": "是", "ANSWER_TYPE_TEXT": "正常"}
        lines = [answers.get(i["type"]) or i["choices"][0] for i in items]
        lines.insert(0, "not a number")  # Asked again.
        lines += ["", "负责人不在场"]  # Why nobody signed; asked again, too.
        result = self.field(self.a, "inspect", "RS-LF-003", "--lang", "zh",
                            stdin="\n".join(lines) + "\n")
        self.assertIn("已存入本机", result.out)
        self.assertIn("LF-01", result.out)

    def test_two_phones_and_a_refused_lift(self):
        tagged = self.ctl("ledger", "--tagged", "yes", "--unit", "LFU-01", "--all", "--json").json
        number = tagged["hazards"][0]["number"]
        order = tagged["hazards"][0]["state"]["order"]
        command = self.directory / "lift.json"
        command.write_text(json.dumps(
            {"lift_tag": {"order": order, "from_status": "ORDER_STATUS_IN_PROGRESS"}}))
        refused = self.field(self.a, "queue", command, code=1)
        self.assertIn("WRONG_CHANNEL", refused.err)
        self.field(self.a, "queue", command, "--unchecked")
        report = self.field(self.a, "sync", "--lang", "en")
        self.assertIn("1 refused", report.out)
        attention = self.field(self.a, "attention", "--json").json
        self.assertEqual(attention[0]["outcome"]["error"]["reason"], "REASON_WRONG_CHANNEL")
        self.assertTrue(self.hazard(number)["state"]["tagged"])
        self.assertIn("被拒绝", self.field(self.a, "status", "--lang", "zh").out)
        order_number = self.field(self.a, "show", order, "--json").json["record"]["entity"][
            "supervision_order"]["number"]
        self.assertIn(f"督办通知书：{order_number}，所见状态：治理中",
                      self.field(self.a, "attention", "--lang", "zh").out)
        self.field(self.a, "attention", "settle", attention[0]["operation"]["id"][:30])
        self.assertEqual(self.field(self.a, "attention", "--json").json, [])
        self.assertEqual(self.field(self.a, "status", "--json").json["refused"], 0)

    def test_concurrent_edits_merge_and_everybody_sees_the_same(self):
        provisional = self.report(self.a, "边坡冲沟")
        self.field(self.a, "sync")
        number = self.number_of(self.a, provisional)
        self.field(self.b, "sync")
        self.offline()
        self.field(self.a, "edit", number, "--set", "description=边坡冲沟约3米")
        self.field(self.b, "edit", number, "--set", "description=边坡冲沟约5米")
        self.online()
        self.field(self.a, "sync")
        self.assertEqual(self.field(self.b, "sync", "--json").json["merged"], 1)
        self.field(self.a, "sync")
        conflicts = self.field(self.a, "conflicts", "--lang", "zh").out
        self.assertIn("边坡冲沟约3米", conflicts)
        self.assertIn("边坡冲沟约5米", conflicts)
        self.ctl("resolve", number, "--choose", "2", access=self.safety)
        for phone in (self.a, self.b):
            self.field(phone, "sync")
        a = self.field(self.a, "digest", "--json").json
        b = self.field(self.b, "digest", "--json").json
        register = self.ctl("digest", *(w for u in a["units"] for w in ("--unit", u)),
                            "--json").json
        self.assertEqual(a["digest"], b["digest"])
        self.assertEqual(a["digest"], register["digest"])
        self.assertEqual(self.field(self.a, "conflicts", "--json").json, [])

    def test_unsent_work_travels_by_file(self):
        self.offline()
        self.report(self.b, "挡土墙鼓胀")
        exported = self.directory / "unsent.vigil"
        self.field(self.b, "outbox", "export", exported)
        self.assertIn("已发送", self.field(self.b, "outbox", "--lang", "zh").out)
        self.field(self.a, "outbox", "import", exported, code=1)  # Another person's work.
        again = self.field(self.b, "outbox", "import", exported, "--json").json
        self.assertEqual(again, {"added": 0, "known": 1})
        self.online()
        self.assertEqual(self.field(self.b, "sync", "--json").json["applied"], 1)
        self.assertEqual(self.field(self.b, "outbox", "--json").json, [])

    def test_facts_of_a_site(self):
        self.field(self.b, "reading", "RS-LF-001", "--point", "GW-3", "--kind", "CH4", "--value",
                   "0.4", "--unit", "% vol")
        self.field(self.b, "measure-check", "RS-LF-001", "--measure", "1", "--missing",
                   "--remark", "无防火带")
        self.assertEqual(self.field(self.b, "sync", "--json").json["applied"], 2)
        shown = self.field(self.b, "show", "RS-LF-001", "--json").json
        reading = next(c for c in shown["children"] if "reading" in c["entity"])
        self.field(self.b, "withdraw", reading["id"], "--reason", "读数有误", "--set", "value=0.6")
        self.field(self.b, "sync")
        values = [c["entity"]["reading"]["value"] for c in self.field(
            self.b, "show", "RS-LF-001", "--json").json["children"] if "reading" in c["entity"]]
        self.assertEqual(sorted(values), [0.4, 0.6])

    def test_a_phone_is_one_persons(self):
        other = self.invite("lfu-01-01", self.directory)
        self.init_phone(self.a, other, code=4)
        self.field(self.directory / "none", "due", code=4)
        bad = self.directory / "bad.code"
        bad.write_text("0000-1111-2222-3333\n")
        refused = self.init_phone(self.directory / "new", bad, "--lang", "en", code=1)
        self.assertIn("CODE_INVALID", refused.err)
        self.assertFalse((self.directory / "new" / "settings").exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
