#!/usr/bin/env python3
"""Both command lines as processes, against a real server with the shipped data."""

import json
import pathlib
import shutil
import sqlite3
import unittest

from cli_support import DATA, SampleCase, Server, run

SUMMARY = ("hazards=370 rectified=320 open=50 rate=86.49% tagged=33 slopes=23 transferred=15 "
           "kept=8 done=1 underway=7")


class CommandLines(SampleCase):
    """One server for all; each test works on hazards of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        test = cls("ctl")
        for person in ("safety-01", "dept-lf-01", "lfu-01-01"):
            setattr(cls, person.replace("-", "_"), test.add_office(person, cls.directory))
        cls.phone = test.add_phone("inspector-01", cls.directory)
        cls.photo = cls.directory / "photo.jpg"
        cls.photo.write_bytes(b"\xff\xd8\xff\xe0 hardly a photo")

    def office(self, *words, code=0):
        return self.ctl(*words, access=self.safety_01, code=code)

    def report(self, description: str) -> str:
        """The number of a new hazard of unit LFU-01, reported by telephone."""
        outcome = self.office("report", "--source", "RS-LF-001", "--description", description,
                              "--origin", "public_report", "--json").json
        self.assertEqual(outcome["verdict"], "VERDICT_APPLIED")
        return outcome["number"]

    # --- The office -------------------------------------------------------------------------------

    def test_summary_has_the_figures_of_the_notice(self):
        fresh = Server(self.directory / "fresh")
        fresh.start()
        self.addCleanup(fresh.stop)
        env = fresh.env(fresh.admin)
        self.assertEqual(run("vigilctl", "import", str(DATA), env=env).code, 0)
        line = run("vigilctl", "stats", "--summary", env=env).out
        self.assertRegex(line, r"^summary: risk_sources=9\d\d ")
        self.assertIn(SUMMARY, line)
        explained = run("vigilctl", "stats", "--explain", env=env).out
        self.assertIn("hazards = 370\n    SELECT", explained)
        again = run("vigilctl", "import", str(DATA), "--json", env=env).json["summary"]
        self.assertEqual({(f["created"], f["changed"]) for f in again["files"]}, {("0", "0")})

    def test_ledger_filters_sorts_and_pages(self):
        all_tagged = self.ctl("ledger", "--tagged", "yes", "--all", "--json").json
        self.assertEqual(len(all_tagged["hazards"]), int(all_tagged["total_size"]))
        first = self.ctl("ledger", "--tagged", "yes", "--page-size", "5", "--sort", "due_date",
                         "--json").json
        self.assertEqual(len(first["hazards"]), 5)
        second = self.ctl("ledger", "--tagged", "yes", "--page-size", "5", "--sort", "due_date",
                          "--page-token", first["next_page_token"], "--json").json
        dues = [(d["year"], d["month"], d["day"]) for d in
                (row["state"]["due_date"] for row in first["hazards"] + second["hazards"])]
        self.assertEqual(dues, sorted(dues))
        text = self.ctl("ledger", "--tagged", "yes", "--page-size", "3", "--lang", "zh").out
        self.assertIn("挂牌督办", text)
        self.assertIn("责任单位", text.splitlines()[0])

    def test_a_hazard_from_report_to_closed(self):
        number = self.report("作业平台护栏缺失")
        self.office("confirm", number, "--grade", "general", "--unit", "LFU-01",
                    "--due", "2030-01-31")
        self.ctl("accept", number, access=self.lfu_01_01)
        self.ctl("progress", number, "--text", "已购护栏", "--percent", "40", access=self.lfu_01_01)
        self.ctl("submit", number, "--text", "已装护栏", "--photo", self.photo,
                 access=self.lfu_01_01)
        self.field(self.phone, "sync")
        self.field(self.phone, "verify", number, "--passed", "--opinion", "合格")
        self.field(self.phone, "sync")
        state = self.hazard(number)["state"]
        self.assertEqual((state["status"], state["closed"]), ("HAZARD_STATUS_VERIFIED", True))
        history = self.ctl("history", number, "--lang", "en").out
        for step in ("report hazard", "confirm hazard", "accept hazard", "submit rectification",
                     "verify hazard"):
            self.assertIn(step, history)
        shown = self.ctl("show", number, "--lang", "zh").out
        self.assertIn("现状：已销号", shown)

    def test_tagged_supervision_from_proposal_to_publication(self):
        number = self.report("坝体裂缝")
        self.office("confirm", number, "--grade", "major", "--unit", "LFU-01",
                    "--due", "2030-01-31")
        self.office("suspend", number, "--level", "partial")
        outcomes = self.office(
            "tag", number, "--level", "city", "--number", "督字〔2030〕1号", "--signatory", "负责人",
            "--content", "限期治理", "--plan-due", "2029-06-30", "--due", "2030-06-30",
            "--received-by", "场长", "--json").json
        self.assertEqual([o["verdict"] for o in outcomes], ["VERDICT_APPLIED"] * 3)
        self.assertTrue(self.hazard(number)["state"]["tagged"])
        plan = ["--goal", "消除裂缝", "--measures", "灌浆", "--person", "场长", "--funds", "120000",
                "--starts", "2029-01-01", "--plan-end", "2030-05-31", "--contingency", "撤离"]
        self.ctl("plan", "file", "督字〔2030〕1号", *plan, access=self.lfu_01_01)
        self.ctl("extension", "apply", number, "--reason", "汛期", "--interim", "巡查",
                 "--until", "2030-09-30", access=self.lfu_01_01)
        self.office("extension", "approve", number, "--opinion", "同意")
        self.ctl("accept", number, *plan, access=self.lfu_01_01)
        self.ctl("submit", number, "--text", "完工", "--photo", self.photo, access=self.lfu_01_01)
        self.ctl("acceptance", "apply", number, access=self.lfu_01_01)
        self.office("acceptance", "pass", number, "--opinion", "合格")
        self.office("lift", number, code=1)  # Not verified yet.
        self.field(self.phone, "sync")
        self.field(self.phone, "verify", number, "--passed", "--opinion", "合格")
        self.field(self.phone, "sync")
        self.assertTrue(self.hazard(number)["state"]["rectified"])
        self.office("lift", number)
        self.office("publish", "督字〔2030〕1号")
        self.office("resume", number)
        found = self.hazard(number)
        self.assertTrue(found["state"]["closed"])
        self.assertEqual(found["record"]["entity"]["hazard"]["suspension"], "SUSPENSION_NONE")
        self.assert_row(self.ctl("orders", "--hazard", number, "--lang", "zh").out,
                        "督字〔2030〕1号", "已摘牌销号", "2030-09-30")

    def test_older_knowledge_makes_a_conflict_that_the_office_settles(self):
        number = self.report("排水沟淤堵")
        seen = self.hazard(number)["record"]["version"]
        self.office("edit", number, "--set", "description=排水沟淤堵约20米")
        merged = self.office("edit", number, "--set", "description=排水沟淤堵约30米",
                             "--seen", f"{number}={seen}", "--json").json
        self.assertEqual(merged["verdict"], "VERDICT_MERGED")
        self.assertIn(number, self.ctl("conflicts", "--lang", "en").out)
        self.assertIn("in conflict", self.ctl("ledger", "--in-conflict", "yes", "--lang", "en").out)
        self.office("resolve", number, "description", "--choose", "1", "--reason", "现场复核")
        hazard = self.hazard(number)
        self.assertEqual(hazard["record"]["entity"]["hazard"]["description"], "排水沟淤堵约20米")
        self.assertEqual(hazard["state"]["conflicts"], [])
        stale = self.office("edit", number, "--set", "category=排水", "--seen", f"{number}={seen}",
                            "--must-be-current", code=1)
        self.assertIn("VERSION_MOVED", stale.err)

    def test_refusals_say_why_in_both_languages(self):
        number = self.report("路面塌陷")
        english = self.office("submit", number, "--text", "x", "--photo", self.photo, "--lang",
                              "en", code=1)
        self.assertIn("refused:", english.err)
        self.assertIn("what to do next:", english.err)
        chinese = self.office("submit", number, "--text", "x", "--photo", self.photo, "--lang",
                              "zh", code=1)
        self.assertIn("被拒绝：", chinese.err)
        as_json = json.loads(self.office("submit", number, "--text", "x", "--photo", self.photo,
                                         "--json", code=1).err)
        self.assertEqual(as_json["exit_code"], 1)
        self.assertTrue(as_json["error"]["reason"].startswith("REASON_"))

    def test_exit_codes(self):
        self.ctl("show", "YH-1900-0001", code=5)
        self.ctl("ledger", "--grade", "grave", code=2)
        self.ctl("nonsense", code=2)
        self.ctl("ledger", access=self.directory / "nobody", code=4)
        nowhere = {**self.server.env(self.safety_01), "VIGIL_SERVER": "127.0.0.1:1"}
        self.assertEqual(run("vigilctl", "ledger", env=nowhere).code, 3)
        self.assertEqual(run("vigilctl", "ledger").code, 4)
        self.assertEqual(run("vigil-field", "status", env={"VIGIL_PHONE_DIR": "/nowhere"}).code, 4)
        self.assertEqual(run("vigil-field", "status").code, 4)
        for program in ("vigilctl", "vigil-field"):
            self.assertEqual(run(program, "--help").code, 0)
            self.assertEqual(run(program).code, 2)
            self.assertIn("用法", run(program, "--help", env={"LC_ALL": "zh_CN.UTF-8"}).out)

    def test_duplicates_transfers_and_administration(self):
        first, second, third = (self.report(f"重复隐患{i}") for i in range(3))
        self.office("merge", second, "--into", first)
        self.assertEqual(self.hazard(second)["state"]["status"], "HAZARD_STATUS_MERGED")
        self.office("reject", third, "--reason", "不属实")
        self.office("confirm", first, "--grade", "general", "--unit", "LFU-01",
                    "--due", "2030-01-31")
        self.office("transfer", "propose", first, "--to", "DST-LG", "--basis", "属地管理")
        receiver = self.add_office(self.receiver_of("DST-LG"), self.directory)
        self.ctl("transfer", "refuse", first, "--reason", "不在本区", access=receiver)
        self.office("transfer", "propose", first, "--to", "DST-LG", "--basis", "属地管理")
        self.ctl("transfer", "accept", first, access=receiver)
        self.assertEqual(self.hazard(first)["state"]["status"], "HAZARD_STATUS_TRANSFERRED")
        self.ctl("create", "org_unit", "--set", "code=LFU-99", "--set", "name=试验单位", "--set",
                 "kind=responsible_unit", "--set", "parent_unit=DEP-LF")
        self.assertIn("试验单位", self.ctl("units", "--text", "LFU-99", "--lang", "en").out)
        self.assertIn("inspector-01", self.ctl("people", "--role", "inspector").out)
        self.assertIn("RS-LF-001", self.ctl("sources", "--text", "RS-LF-0").out)
        self.assertIn("landfill/1", self.ctl("list", "checklist").out)
        self.assertEqual(self.ctl("whoami", "--json").json["time_zone"], "Asia/Shanghai")

    def test_working_days_are_counted_by_the_lists_that_the_server_was_given(self):
        self.assertEqual(self.ctl("workdays", "2017-06-16", "-15").out, "2017-05-25\n")
        self.assertEqual(self.ctl("workdays", "2017-06-16", "-15").err, "")
        self.assertEqual(self.ctl("workdays", "2017-09-29", "5", "--json").json["date"],
                         {"year": 2017, "month": 10, "day": 12})
        late = self.ctl("workdays", "2035-12-20", "10", "--lang", "en")
        self.assertEqual(late.out, "2036-01-03\n")
        self.assertIn("no list of working days for 2035", late.err)
        self.assertIn("no list of working days for 2036", late.err)
        self.ctl("workdays", "2017-06-31", "5", code=2)
        self.ctl("workdays", "2017-06-30", "many", code=2)

    def receiver_of(self, unit: str) -> str:
        people = self.ctl("people", "--role", "receiver", "--json").json
        unit_id = self.ctl("show", unit, "--kind", "org_unit", "--json").json["record"]["id"]
        for person in people:
            body = person["entity"]["person"]
            if any(grant["unit"] == unit_id for grant in body["roles"]):
                return body["code"]
        raise AssertionError(f"nobody receives for {unit}")

    def test_what_is_overdue_escalates_once_and_is_acknowledged(self):
        number = self.report("井盖破损")
        self.office("confirm", number, "--grade", "general", "--unit", "LFU-01",
                    "--due", "2020-01-01")
        self.ctl("escalation", "tick")
        fired = [row for row in self.ctl("escalation", "list", "--open", "--json").json[
            "escalations"] if row["item_number"] == number]
        self.assertEqual([row["step"] for row in fired],
                         ["ESCALATION_STEP_E4_OVERDUE", "ESCALATION_STEP_E5_PROPOSE_LETTER"])
        self.ctl("escalation", "tick")
        self.office("escalation", "ack", fired[0]["record"], "--text", "已约谈")
        rows = [row for row in self.ctl("escalation", "list", "--json").json["escalations"]
                if row["item_number"] == number]
        self.assertEqual([row.get("acknowledged", False) for row in rows], [True, False])
        self.assertIn(number, self.ctl("outbox", "list", "--lang", "zh").out)

    # --- Who there is, and what was said ----------------------------------------------------------

    def test_a_lost_phone_is_refused_and_a_new_one_takes_its_place(self):
        phone = self.add_phone("inspector-03", self.directory)
        devices = self.ctl("device", "list", "--person", "inspector-03", "--json").json
        self.assertEqual([d["entity"]["device"].get("revoked", False) for d in devices], [False])
        self.ctl("device", "revoke", devices[0]["id"])
        self.assertIn("DEVICE_REVOKED", self.field(phone, "sync", "--lang", "en", code=4).err)
        again = self.directory / "inspector-03-again"
        self.init_phone(again, self.invite("inspector-03", self.directory))
        self.field(again, "sync")
        self.assert_row(self.ctl("person", "list", "--lang", "en").out, "inspector-03", "1 phone")

    def test_a_code_is_good_once_and_shown_once(self):
        invited = self.ctl("person", "invite", "inspector-04", "--qr", "--lang", "en").out
        self.assertRegex(invited, r"code: [0-9A-Z]{4}(-[0-9A-Z]{4}){3}\n")
        self.assertIn("█", invited)
        code = self.invite("inspector-04", self.directory)
        self.assertEqual(code.stat().st_mode & 0o777, 0o400)
        self.init_phone(self.directory / "inspector-04", code)
        self.init_phone(self.directory / "inspector-04-b", code, code=1)

    def test_a_persons_roles_are_anothers_while_he_is_away(self):
        self.ctl("role", "grant", "inspector-05", "verifier", "--unit", "DEP-LF")
        self.ctl("person", "delegate", "inspector-05", "--to", "inspector-06", "--until",
                 "2190-06-30", "--role", "verifier")
        roles = self.ctl("role", "list", "inspector-06", "--json").json
        delegated = [row["grant"] for row in roles if row["grant"]["delegated_by"]]
        self.assertEqual([(g["role"], g["until"]["year"]) for g in delegated],
                         [("ROLE_VERIFIER", 2190)])
        self.ctl("role", "revoke", "inspector-05", "verifier", "--unit", "DEP-LF")
        self.ctl("person", "delegate", "inspector-05", "--to", "inspector-06", "--until",
                 "2190-06-30", "--role", "verifier", code=5)
        # Who is not an administrator grants nothing.
        self.office("role", "grant", "inspector-05", "auditor", code=1)

    def test_a_leavers_access_ends_and_his_work_is_anothers(self):
        self.ctl("create", "person", "--set", "code=lfu-01-97", "--set", "name=七号", "--set",
                 "unit=LFU-01")
        self.ctl("create", "person", "--set", "code=lfu-01-98", "--set", "name=八号", "--set",
                 "unit=LFU-01")
        self.ctl("role", "grant", "lfu-01-97", "responsible_unit", "--unit", "LFU-01")
        leaver = self.add_office("lfu-01-97", self.directory)
        self.office("edit", "RS-LF-001", "--set", "responsible_person=lfu-01-97")
        leave = ("person", "leave", "lfu-01-97", "--to", "lfu-01-98", "--json")
        # An administrator who is nothing else.
        alone = self.add_office("admin-01", self.directory)
        left = self.ctl(*leave, access=alone).json
        self.assertEqual([work["key"] for work in left["reassigned"]], ["RS-LF-001"])
        self.ctl("whoami", access=leaver, code=4)
        self.assertEqual(self.office(*leave).json["reassigned"], [])
        successor = self.ctl("show", "lfu-01-98", "--kind", "person", "--json").json["record"]["id"]
        source = self.ctl("show", "RS-LF-001", "--kind", "risk_source", "--json").json["record"]
        self.assertEqual(source["entity"]["risk_source"]["responsible_person"], successor)
        self.ctl("person", "leave", "lfu-01-01", "--to", "lfu-01-97", code=1)

    def test_the_log_is_checked_by_whoever_asks(self):
        head = self.directory / "head.json"
        self.ctl("audit", "head", "--out", head)
        self.field(self.phone, "report", "--source", "RS-LF-001", "--description", "围栏破损")
        self.field(self.phone, "sync")
        checked = self.ctl("audit", "verify", "--since", head, "--lang", "en").out
        self.assertIn("head: by the register's key\n", checked)
        self.assertRegex(checked.splitlines()[-1],
                         r"^audit: operations=\d+ chains=\d+ signatures=[1-9]\d* "
                         r"head=[0-9a-f]{64} ok$")
        self.ctl("audit", "verify", access=self.lfu_01_01, code=1)

    def test_what_is_done_to_a_registers_file_is_noticed(self):
        server = Server(self.directory / "audited")
        server.start()
        self.addCleanup(server.stop)
        verify = ("audit", "verify", "--data", str(server.directory), "--lang", "en")
        running = run("vigilctl", *verify)
        self.assertEqual(running.code, 7, running.err)
        self.assertIn("stop vigild first", running.err)
        server.stop()
        self.assertRegex(run("vigilctl", *verify).out, r" ok\n$")
        whole = (server.directory / "register.db").read_bytes()
        for damage in (
                "UPDATE log SET operation_bytes = CAST(operation_bytes || x'00' AS BLOB) "
                "WHERE seq = 1",
                "UPDATE log SET outcome_bytes = (SELECT outcome_bytes FROM log WHERE seq = 2) "
                "WHERE seq = 1",
                "DELETE FROM log WHERE seq = 1"):
            (server.directory / "register.db").write_bytes(whole)
            database = sqlite3.connect(server.directory / "register.db")
            self.assertEqual(database.execute(damage).rowcount, 1)
            database.commit()
            database.close()
            noticed = run("vigilctl", *verify)
            self.assertEqual(noticed.code, 1, damage + noticed.out + noticed.err)
            self.assertIn("the log does not hold: seq 1:", noticed.err)

    def test_bad_rows_are_listed_and_nothing_is_imported(self):
        data = self.directory / "bad"
        shutil.copytree(DATA, data)
        hazards = data / "hazards.csv"
        text = hazards.read_text(encoding="utf-8")
        hazards.write_text(text.replace(",general,", ",grave,", 1), encoding="utf-8")
        before = self.ctl("digest", "--json").json["digest"]
        result = self.ctl("import", data, "--lang", "en", code=1)
        self.assert_row(result.out, "hazards.csv", "2", "grade")
        self.assertIn("IMPORT_REJECTED", result.err)
        self.ctl("import", DATA, "--dry-run")
        self.assertEqual(self.ctl("digest", "--json").json["digest"], before)


if __name__ == "__main__":
    unittest.main(verbosity=2)
