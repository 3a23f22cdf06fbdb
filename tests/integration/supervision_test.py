#!/usr/bin/python3
"""Tagged supervision with the commands of an office, a unit and a receiver, on the sample data:
what works from end to end, and which ways around it are refused.

Usage: VIGIL_BUILD_DIR=... supervision_test.py
"""

import datetime
import json
import unittest

from cli_support import SampleCase

YEARS_AHEAD = datetime.date.today().year + 3


class Supervision(SampleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        test = cls("ctl")
        for person in ("safety-01", "lfu-01-01", "verifier-01", "receiver-lg"):
            setattr(cls, person.replace("-", "_"), test.add_office(person, cls.directory))
        cls.photo = cls.directory / "photo.jpg"
        cls.photo.write_bytes(b"\xff\xd8\xff\xe0 hardly a photo")

    def office(self, *words, code=0):
        return self.ctl(*words, access=self.safety_01, code=code)

    def unit(self, *words, code=0):
        return self.ctl(*words, access=self.lfu_01_01, code=code)

    def refused(self, reason: str, *words, access=None) -> str:
        """What is said of a command that is refused for this reason."""
        said = self.ctl(*words, access=access or self.safety_01, code=1)
        self.assertIn(reason, said.err)
        return said.err

    def confirmed(self, grade="general") -> str:
        number = self.office("report", "--source", "RS-LF-001", "--description", "坝体渗水",
                             "--json").json["number"]
        self.office("confirm", number, "--grade", grade, "--unit", "LFU-01",
                    "--due", f"{YEARS_AHEAD}-06-30")
        return number

    def rectify(self, number: str) -> str:
        """From CONFIRMED or RECTIFYING to VERIFIED; the verification's id."""
        if self.state(number)["status"] == "HAZARD_STATUS_CONFIRMED":
            self.unit("accept", number)
        self.unit("submit", number, "--text", "已灌浆", "--photo", self.photo)
        return self.ctl("verify", number, "--passed", "--opinion", "合格", "--json",
                        access=self.verifier_01).json["changed"][-1]

    def tag(self, number: str, order: str) -> None:
        self.office("tag", number, "--level", "city", "--number", order, "--signatory",
                    "局分管负责人", "--content", "限期治理", "--plan-due", f"{YEARS_AHEAD}-03-01",
                    "--due", f"{YEARS_AHEAD}-06-30", "--received-by", "场长")

    def file_plan(self, order: str) -> None:
        self.unit("plan", "file", order, "--goal", "消除渗水", "--measures", "灌浆", "--person",
                  "安全主管", "--funds", "120000", "--starts", f"{YEARS_AHEAD}-01-10", "--plan-end",
                  f"{YEARS_AHEAD}-05-30", "--contingency", "撤离")

    def state(self, number: str) -> dict:
        return self.hazard(number)["state"]

    def order(self, name: str) -> dict:
        return self.ctl("show", name, "--kind", "supervision_order", "--json").json["record"][
            "entity"]["supervision_order"]

    def one(self, kind: str, *where: str) -> dict:
        rows = self.office("list", kind, *(w for each in where for w in ("--where", each)),
                           "--json").json
        self.assertEqual(len(rows), 1, rows)
        return rows[0]

    def test_two_orders_over_a_hazards_life(self):
        number = self.confirmed("major")
        self.tag(number, "督字〔2040〕1号")
        self.refused("ALREADY_EXISTS", "tag", self.confirmed(), "--level", "city", "--number",
                     "督字〔2040〕1号", "--signatory", "x", "--content", "y", "--plan-due",
                     f"{YEARS_AHEAD}-03-01", "--due", f"{YEARS_AHEAD}-06-30")
        blank = self.refused("PLAN_INCOMPLETE", "plan", "file", number, "--goal", "x", "--measures",
                             " ", "--person", "y", "--funds", "1", "--plan-end",
                             f"{YEARS_AHEAD}-05-30", access=self.lfu_01_01)
        self.assertIn("measures, contingency_plan", blank)
        self.file_plan(number)
        self.assertIn("filed_on", self.order("督字〔2040〕1号"))
        # The plan that was filed is the one by which the unit takes the hazard on.
        self.unit("accept", number)

        self.refused("EVENT_NOT_ALLOWED", "publish", number)
        self.refused("FIELD_NOT_EDITABLE", "edit", "督字〔2040〕1号", "--kind", "supervision_order",
                     "--set", f"due_date={YEARS_AHEAD + 1}-06-30")
        self.refused("REQUIRED_FIELD_MISSING", "extension", "apply", number, "--reason", "汛期",
                     "--interim", " ", "--until", f"{YEARS_AHEAD}-12-31", access=self.lfu_01_01)
        for decision, until in (("refuse", "06-30"), ("approve", "09-30")):
            self.unit("extension", "apply", number, "--reason", "汛期", "--interim", "巡查",
                      "--until", f"{YEARS_AHEAD}-09-30")
            self.assertTrue(self.state(number)["escalation_paused"])
            self.office("extension", decision, number, "--opinion", "已核")
            due = self.state(number)["due_date"]
            self.assertEqual(f"{due['month']:02}-{due['day']:02}", until)
        self.unit("extension", "apply", number, "--reason", "汛期", "--interim", "巡查", "--until",
                  f"{YEARS_AHEAD}-12-31")
        self.refused("INVALID_DATE", "extension", "approve", number, "--until",
                     f"{YEARS_AHEAD}-09-01", "--opinion", "同意")
        self.office("extension", "refuse", number, "--opinion", "不同意")

        self.unit("acceptance", "apply", number)
        self.refused("REASON_REQUIRED", "acceptance", "fail", number, "--opinion", " ")
        self.office("acceptance", "fail", number, "--opinion", "仍有渗水")
        self.assertTrue(self.state(number)["tagged"])
        self.unit("acceptance", "apply", number)
        self.office("acceptance", "pass", number, "--opinion", "合格")
        self.refused("HAZARD_NOT_VERIFIED", "lift", number)
        self.rectify(number)
        self.assertTrue(self.state(number)["rectified"])
        self.refused("INVALID_DATE", "lift", number, "--on", "2020-01-01")
        self.office("lift", number)
        self.assertTrue(self.state(number)["closed"])

        # It comes back before the lifting is published, and is tagged again.
        self.unit("recur", number, "--description", "再次渗水")
        self.tag(number, "督字〔2040〕2号")
        self.refused("INVALID_DATE", "publish", number, "--on", "2020-01-01")
        self.office("publish", number)
        self.assertIn("published_on", self.order("督字〔2040〕1号"))
        self.assertNotIn("published_on", self.order("督字〔2040〕2号"))
        notice = self.directory / "notice.html"
        self.office("document", "supervision-notice", "督字〔2040〕1号", "--out", notice,
                    "--lang", "zh")
        self.assertIn(f"{YEARS_AHEAD}年6月30日", notice.read_text("utf-8"))
        self.assertNotIn(f"{YEARS_AHEAD}年9月30日", notice.read_text("utf-8"))

    def test_work_resumes_after_a_verification_that_knew(self):
        number = self.confirmed()
        self.rectify(number)
        self.office("recur", number, "--description", "又见裂缝")
        self.office("suspend", number, "--level", "full")
        self.ctl("suspend", number, "--level", "none", access=self.safety_01, code=2)
        self.refused("FIELD_NOT_EDITABLE", "edit", number, "--set", "suspension=none")
        self.refused("SUSPENSION_NEEDS_VERIFICATION", "resume", number)
        self.rectify(number)
        self.office("resume", number)
        self.assertEqual(self.hazard(number)["record"]["entity"]["hazard"]["suspension"],
                         "SUSPENSION_NONE")

    def test_what_is_withdrawn_closes_nothing_and_stays_to_be_seen(self):
        number = self.confirmed()
        verification = self.rectify(number)
        self.assertTrue(self.state(number)["closed"])
        self.ctl("withdraw", verification, "--kind", "verification", "--reason", "看错了隐患",
                 access=self.verifier_01)
        self.assertEqual(self.state(number)["status"], "HAZARD_STATUS_SUBMITTED")
        self.assertIn("已撤回", self.office("show", number, "--lang", "zh").out)
        history = self.office("history", verification).out
        self.assertIn("看错了隐患", history)
        self.assertIn("verifiers: verifier-01", history)
        self.ctl("verify", number, "--passed", "--opinion", "合格", access=self.verifier_01)
        self.assertTrue(self.state(number)["closed"])

    def test_a_transfer_is_refused_taken_back_and_accepted(self):
        number = self.confirmed()
        propose = ("transfer", "propose", number, "--basis", "属地管理", "--to")
        self.refused("INVALID_VALUE", *propose, "LFU-01")
        self.office(*propose, "DST-LG")
        self.ctl("transfer", "refuse", number, "--reason", "不在本区", access=self.receiver_lg)
        self.assertEqual(self.state(number)["status"], "HAZARD_STATUS_CONFIRMED")
        self.office(*propose, "DST-LG")
        self.office("transfer", "refuse", number, "--reason", "提错了")
        self.office(*propose, "DST-LG")
        before = self.figures()
        self.ctl("transfer", "accept", number, access=self.receiver_lg)
        after = self.figures()
        self.assertEqual((after["transferred"] - before["transferred"],
                          after["open"] - before["open"]), (1, 0))

    def figures(self) -> dict:
        out = self.directory / "stats.json"
        self.office("report", "stats", "--format", "json", "--out", out)
        return json.loads(out.read_text("utf-8"))["total"][0]

    def test_what_the_ladder_proposes_is_written_sent_answered_and_done(self):
        number = self.office("report", "--source", "RS-LF-001", "--description", "坝体渗水",
                             "--json").json["number"]
        late = datetime.date.today() - datetime.timedelta(days=90)
        said = self.office("confirm", number, "--grade", "general", "--unit", "LFU-01", "--due",
                           late)
        self.assertIn("overdue and escalates at once", said.err)
        waits = lambda: {step["step"].removeprefix("ESCALATION_STEP_") for step in self.office(
            "escalation", "simulate", "--until", f"{YEARS_AHEAD}-01-01", "--json").json["steps"]
            if step["item_number"] == number}
        proposed = waits()
        self.assertIn("E5_PROPOSE_LETTER", proposed)
        hazard = ("--set", f"hazard={number}")
        self.refused("REQUIRED_FIELD_MISSING", "create", "supervision_letter", *hazard, "--set",
                     "text=请整改", "--set", f"sent_on={datetime.date.today()}")
        self.office("create", "supervision_letter", *hazard, "--set", "number=督函〔2040〕1号",
                    "--set", "text=请整改", "--set", f"sent_on={datetime.date.today()}", "--set",
                    f"limit={YEARS_AHEAD - 1}-01-01")
        self.assertNotIn("E5_PROPOSE_LETTER", waits())
        self.assertIn("E6_PROPOSE_CRITICISM", waits())
        self.office("edit", "督函〔2040〕1号", "--kind", "supervision_letter", "--set",
                    f"answered_on={datetime.date.today()}", "--set", "answer=已安排")
        self.assertNotIn("E6_PROPOSE_CRITICISM", waits())
        talk = self.office("create", "talk", *hazard, "--set", f"held_on={datetime.date.today()}",
                           "--set", "with=场长", "--set", "measures=换泵", "--set",
                           f"measures_due={YEARS_AHEAD - 1}-01-01", "--json").json["changed"][0]
        self.assertIn("E8_PROPOSE_REPORT_UPWARD", waits())
        self.office("edit", talk, "--kind", "talk", "--set", f"done_on={datetime.date.today()}")
        self.assertNotIn("E8_PROPOSE_REPORT_UPWARD", waits())

    def test_documents_name_what_exists_once(self):
        number = self.confirmed()
        point = json.dumps({"number": "1", "text": "渗漏", "hazard": number})
        create = ("create", "assessment", "--set", "risk_source=RS-LF-001", "--set", "agency=评估机构",
                  "--set", "code=PG-2040", "--set", "points=" + point)
        self.office(*create)
        self.refused("ALREADY_EXISTS", *create)
        made = self.one("assessment", "code=PG-2040")["entity"]["assessment"]
        self.assertEqual(made["points"][0]["hazard"], self.hazard(number)["record"]["id"])
        self.office("create", "assessment", "--set", "risk_source=RS-LF-001", "--set", "agency=x",
                    "--set", "code=PG-2041", "--set", "points=" + point.replace(number, "YH-0"),
                    code=5)
        self.refused("INVALID_DATE", "create", "campaign", "--set", "code=ZX-2040", "--set",
                     "name=专项", "--set", "starts_on=2040-02-01", "--set", "ends_on=2040-01-01")
        said = self.office("create", "bulletin", "--set", "bogus=1", code=2).err
        self.assertIn("recipients", said)
        self.office("create", "bulletin", "--set", "number=通报〔2040〕1号", "--set", "title=通报",
                    "--set", f"hazards={number}", "--set", "recipients=LFU-02")
        other = self.add_office("lfu-02-01", self.directory)
        notice = self.directory / "bulletin.html"
        self.ctl("document", "bulletin", "通报〔2040〕1号", "--out", notice, "--lang", "zh",
                 access=other)
        self.assertIn("通报的隐患（1项）", notice.read_text("utf-8"))
        self.assertIn("其中1项不在查阅人所属单位范围内", notice.read_text("utf-8"))

    def test_a_refusal_says_what_is_possible_instead(self):
        number = self.confirmed()
        said = self.refused("EVENT_NOT_ALLOWED", "submit", number, "--text", "x", "--photo",
                            self.photo, access=self.lfu_01_01)
        self.assertIn("it takes accept, fix_on_spot, propose_transfer", said)
        chinese = self.ctl("submit", number, "--text", "x", "--photo", self.photo, "--lang", "zh",
                           access=self.lfu_01_01, code=1).err
        self.assertIn("状态：已确认", chinese)


if __name__ == "__main__":
    unittest.main()
