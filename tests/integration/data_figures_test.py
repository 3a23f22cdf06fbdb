#!/usr/bin/env python3
"""The shipped data set has the notice's figures, and its files agree with each other.

data_figures_test.py [DIRECTORY]: reads the CSV files alone; no server is needed.
"""

import csv
import datetime
import pathlib
import sys
import unittest
from collections import Counter

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "deploy" / "data" / "shenzhen-2017"
NOTICE = "2017-07-31"

# File: its key column and its columns that name records of another file (";": a list).
KEYS = {
    "org_units": "code", "persons": "code", "risk_sources": "code", "campaigns": "code",
    "checklists": "code", "hazards": "number", "rectification_plans": "code",
    "supervision_orders": "number", "transfers": "code", "bulletins": "number",
    "assessments": "code", "duty_lists": "code", "responsibility_statements": "code",
}
REFERENCES = {
    "org_units": {"parent_unit": "org_units", "head": "persons"},
    "persons": {"unit": "org_units"},
    "risk_sources": {"industry_department": "org_units", "district": "org_units",
                     "subdistrict": "org_units", "park": "org_units",
                     "responsible_unit": "org_units", "responsible_person": "persons"},
    "control_measures": {"risk_source": "risk_sources"},
    "campaigns": {"units": "org_units"},
    "checklists": {},
    "checklist_items": {"checklist": "checklists"},
    "hazards": {"risk_source": "risk_sources", "campaign": "campaigns",
                "responsible_unit": "org_units", "supervising_unit": "org_units",
                "rectified_by": "persons"},
    "rectification_plans": {"hazard": "hazards"},
    "supervision_orders": {"hazard": "hazards", "ordered_by": "org_units",
                           "plan": "rectification_plans"},
    "transfers": {"hazard": "hazards", "from_unit": "org_units", "to_unit": "org_units"},
    "bulletins": {"hazards": "hazards", "recipients": "org_units"},
    "assessments": {"risk_source": "risk_sources"},
    "assessment_points": {"assessment": "assessments", "hazard": "hazards"},
    "duty_lists": {"unit": "org_units"},
    "duties": {"duty_list": "duty_lists"},
    "responsibility_statements": {"unit": "org_units"},
}
SITE_TYPES = {"landfill", "construction_waste_site", "park_slope", "park", "transfer_station",
              "incinerator", "lighting", "greenery", "public_toilet", "other"}


def load(directory: pathlib.Path) -> dict[str, list[dict[str, str]]]:
    tables = {}
    for name in REFERENCES:
        with open(directory / f"{name}.csv", encoding="utf-8", newline="") as file:
            tables[name] = list(csv.DictReader(file, strict=True))
    return tables


class DataFigures(unittest.TestCase):
    """Figures of the notice and agreement of the files."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.tables = load(DATA)
        cls.hazards = {row["number"]: row for row in cls.tables["hazards"]}
        cls.sources = {row["code"]: row for row in cls.tables["risk_sources"]}
        cls.units = {row["code"]: row for row in cls.tables["org_units"]}

    def ledger(self, name):
        return [row for row in self.tables["supervision_orders"] if row["ledger"] == name]

    def test_files_are_text_with_unix_lines(self):
        for path in DATA.glob("*.csv"):
            content = path.read_bytes()
            self.assertNotIn(b"\r", content, path.name)
            self.assertTrue(content.endswith(b"\n"), path.name)
            self.assertIn(path.stem, REFERENCES, "a file that nothing checks")
            content.decode("utf-8")

    def test_keys_are_unique_and_references_resolve(self):
        keys = {}
        for name, column in KEYS.items():
            keys[name] = {row[column] for row in self.tables[name]}
            self.assertEqual(len(keys[name]), len(self.tables[name]), f"{name}: a key twice")
            self.assertNotIn("", keys[name], name)
        for name, columns in REFERENCES.items():
            for line, row in enumerate(self.tables[name], 2):
                for column, target in columns.items():
                    for value in filter(None, row[column].split(";")):
                        self.assertIn(value, keys[target], f"{name}.csv:{line}: {column}")
        for line, row in enumerate(self.tables["persons"], 2):
            self.assertTrue(row["roles"], line)
            for grant in row["roles"].split(";"):
                self.assertIn(grant.partition("@")[2], keys["org_units"], line)

    def test_hazards(self):
        statuses = Counter(row["status"] for row in self.hazards.values())
        self.assertEqual(len(self.hazards), 370)
        self.assertEqual(statuses["verified"], 320)
        self.assertEqual(370 - statuses["verified"], 50)
        self.assertEqual(f"{100 * statuses['verified'] / len(self.hazards):.2f}", "86.49")
        self.assertFalse({"rejected", "merged"} & set(statuses))
        self.assertLessEqual({"reported", "confirmed", "rectifying", "submitted", "transferred"},
                             set(statuses), "open ones in varied statuses")
        self.assertEqual(len({row["description"] for row in self.hazards.values()}), 370)

    def test_ledger_of_33(self):
        orders = self.ledger("hazards")
        self.assertEqual(len(orders), 33)
        self.assertNotIn("proposed", {row["status"] for row in orders})
        plans = {row["code"]: row for row in self.tables["rectification_plans"]}
        for row in orders:
            self.assertTrue(row["due_date"], row["number"])
            self.assertTrue(plans[row["plan"]]["measures"], row["number"])

    def test_ledger_of_23_slopes(self):
        orders = self.ledger("park-slopes")
        statuses = Counter(row["status"] for row in orders)
        self.assertEqual(len(orders), 23)
        self.assertEqual(statuses["transferred"], 15)
        self.assertEqual(len(orders) - statuses["transferred"], 8)
        self.assertEqual(statuses["lifted"], 1)
        self.assertEqual(len(orders) - statuses["transferred"] - statuses["lifted"], 7)
        sources = [self.sources[self.hazards[row["hazard"]]["risk_source"]] for row in orders]
        self.assertEqual({source["site_type"] for source in sources}, {"park_slope"})
        self.assertEqual(len({source["code"] for source in sources}), 23)
        moved = {source["park"] for source, row in zip(sources, orders)
                 if row["status"] == "transferred"}
        self.assertEqual(len(moved), 1, "the transferred slopes are those of one park")
        parks = {source["park"] for source, row in zip(sources, orders)
                 if row["status"] != "transferred"}
        self.assertFalse(moved & parks)

    def test_transfers_agree_with_the_ledger(self):
        moved = {row["hazard"] for row in self.ledger("park-slopes")
                 if row["status"] == "transferred"}
        self.assertEqual({row["hazard"] for row in self.tables["transfers"]}, moved)
        for row in self.tables["transfers"]:
            self.assertEqual(row["status"], "accepted")
            hazard = self.hazards[row["hazard"]]
            self.assertEqual(hazard["status"], "transferred")
            self.assertEqual(hazard["responsible_unit"], row["to_unit"])
            self.assertEqual(self.sources[hazard["risk_source"]]["district"], row["to_unit"])
        self.assertEqual(moved, {number for number, hazard in self.hazards.items()
                                 if hazard["status"] == "transferred"})

    def test_orders_agree_with_their_hazards(self):
        fits = {"lifted": {"verified"}, "passed": {"verified"}, "acceptance": {"submitted"},
                "in_progress": {"rectifying"}, "transferred": {"transferred"}}
        seen = set()
        for row in self.tables["supervision_orders"]:
            hazard = self.hazards[row["hazard"]]
            self.assertIn(hazard["status"], fits[row["status"]], row["number"])
            self.assertEqual(hazard["grade"], "major", row["number"])
            self.assertNotIn(row["hazard"], seen, "the ledgers share no hazard")
            seen.add(row["hazard"])
            self.assertEqual(bool(row["lifted_on"]), row["status"] == "lifted", row["number"])
            steps = [row[c] for c in ("issued_on", "received_on", "filed_on", "plan_due",
                                      "due_date") if row[c]]
            self.assertEqual(steps, sorted(steps), row["number"])
            self.assertLessEqual(max(row["lifted_on"], row["published_on"]), NOTICE)

    def test_plans_hold_the_five_settlements(self):
        for row in self.tables["rectification_plans"]:
            for column in ("responsible_person", "measures", "funds_fen", "due_on",
                           "contingency_plan", "goal", "starts_on"):
                self.assertTrue(row[column], f"{row['code']}: {column}")
            self.assertGreater(int(row["funds_fen"]), 0)
            self.assertLessEqual(row["starts_on"], row["due_on"], row["code"])

    def test_bulletin(self):
        self.assertEqual(len(self.tables["bulletins"]), 1)
        bulletin = self.tables["bulletins"][0]
        numbers = bulletin["hazards"].split(";")
        self.assertEqual(len(set(numbers)), 15)
        slopes = {row["hazard"] for row in self.ledger("park-slopes")}
        for number in numbers:
            hazard = self.hazards[number]
            self.assertEqual((hazard["status"], hazard["origin"]), ("verified", "bulletin"))
            self.assertEqual(self.sources[hazard["risk_source"]]["site_type"], "landfill")
            self.assertNotIn(number, slopes)
            self.assertTrue("2017-01-01" <= hazard["found_at"][:10] <= bulletin["issued_on"])
        self.assertEqual(sum(h["origin"] == "bulletin" for h in self.hazards.values()), 15)

    def test_assessment_of_the_large_landfill(self):
        self.assertEqual(len(self.tables["assessments"]), 1)
        landfill = self.sources[self.tables["assessments"][0]["risk_source"]]["responsible_unit"]
        linked = [row["hazard"] for row in self.tables["assessment_points"] if row["hazard"]]
        self.assertEqual(len(linked), len(set(linked)))
        self.assertEqual(set(linked), {number for number, hazard in self.hazards.items()
                                       if hazard["origin"] == "assessment"})
        for number in linked:
            self.assertEqual(self.hazards[number]["responsible_unit"], landfill)

    def test_risk_sources(self):
        self.assertGreaterEqual(len(self.sources), 900)
        self.assertEqual({row["site_type"] for row in self.sources.values()}, SITE_TYPES)
        self.assertEqual(len({row["name"] for row in self.sources.values()}), len(self.sources))
        measures = Counter(row["risk_source"] for row in self.tables["control_measures"])
        for code, row in self.sources.items():
            self.assertGreaterEqual(measures[code], 2, f"{code}: control measures")
            self.assertTrue(row["responsible_unit"], code)
            self.assertEqual(self.units[row["subdistrict"]]["parent_unit"], row["district"], code)
            self.assertTrue(22.4 < float(row["position_latitude"]) < 22.9, code)
            self.assertTrue(113.7 < float(row["position_longitude"]) < 114.7, code)
            self.assertGreater(int(row["inspection_interval_days"]), 0, code)
            if row["rating_method"] == "lec":
                product = (float(row["rating_l"]) * float(row["rating_e"]) *
                           float(row["rating_c"]))
                self.assertAlmostEqual(product, float(row["rating_d"]), msg=code)
                level = ("red" if product > 320 else "orange" if product > 160
                         else "yellow" if product > 70 else "blue")
                self.assertEqual(level, row["level"], code)
        pairs = [(row["risk_source"], row["text"]) for row in self.tables["control_measures"]]
        self.assertEqual(len(pairs), len(set(pairs)))

    def test_org_units(self):
        kinds = Counter(row["kind"] for row in self.units.values())
        self.assertEqual(kinds["bureau"], 1)
        self.assertEqual(kinds["industry_department"], 8)
        self.assertEqual(kinds["subdistrict"], 74)
        self.assertEqual(kinds["park"], 24)
        self.assertTrue(all(row["liaison"] for row in self.units.values()
                            if row["kind"] == "park"))
        for code in self.units:
            levels = 0
            while self.units[code]["parent_unit"]:
                code, levels = self.units[code]["parent_unit"], levels + 1
                self.assertLess(levels, 10, "a cycle")
            self.assertEqual(self.units[code]["kind"], "bureau")

    def test_persons_can_do_the_work(self):
        grants = [tuple(grant.split("@")) for row in self.tables["persons"]
                  for grant in row["roles"].split(";")]
        self.assertLessEqual({"administrator", "safety_office", "industry_department", "inspector",
                              "responsible_unit", "verifier", "receiver", "auditor"},
                             {role for role, _ in grants})
        answers = {row["responsible_unit"] for row in self.hazards.values()}
        self.assertLessEqual(answers, {unit for role, unit in grants if role == "responsible_unit"})
        self.assertIn(("inspector", "BUREAU"), grants)
        self.assertTrue(any(role == "inspector" and unit != "BUREAU" for role, unit in grants))

    def test_campaigns_and_documents(self):
        kinds = Counter(row["kind"] for row in self.tables["campaigns"])
        self.assertEqual(kinds, {"special_campaign": 10, "special_protection_period": 1})
        departments = {code for code, row in self.units.items()
                       if row["kind"] == "industry_department"}
        self.assertEqual({row["unit"] for row in self.tables["duty_lists"]}, departments)
        self.assertEqual(len(self.tables["duty_lists"]), 8)
        lists = Counter(row["duty_list"] for row in self.tables["duties"])
        self.assertEqual(set(lists), {row["code"] for row in self.tables["duty_lists"]})
        signed = {row["unit"] for row in self.tables["responsibility_statements"]
                  if row["signature"] == "signed"}
        self.assertLessEqual(departments | {"BUREAU"}, signed)
        periods = {row["code"]: row for row in self.tables["campaigns"]}
        for number, hazard in self.hazards.items():
            self.assertEqual(bool(hazard["campaign"]), hazard["origin"] == "campaign", number)
            if hazard["campaign"]:
                period = periods[hazard["campaign"]]
                self.assertTrue(period["starts_on"] <= hazard["found_at"][:10] <=
                                period["ends_on"], number)

    def test_checklists(self):
        items = Counter(row["checklist"] for row in self.tables["checklist_items"])
        types = {row["site_type"] for row in self.tables["checklists"]}
        self.assertEqual(types, {"landfill", "park_slope", "construction_waste_site"})
        self.assertEqual(set(items), {row["code"] for row in self.tables["checklists"]})
        for checklist, count in items.items():
            self.assertTrue(8 <= count <= 12, checklist)
        unverified = {row["source"] for row in self.tables["checklist_items"]
                      if row["verified"] == "false"}
        self.assertLessEqual({"GB 16889", "GB 50330"}, unverified)
        for row in self.tables["checklist_items"]:
            self.assertTrue(row["source"], row["code"])
            if row["source"].startswith("GB"):
                self.assertEqual(row["verified"], "false", row["code"])
            self.assertEqual(bool(row["choices"]), row["type"] == "choice", row["code"])
            self.assertEqual(bool(row["good_answer"]), row["type"] == "yes_no", row["code"])

    def test_dates_follow_each_other_and_end_with_the_notice(self):
        for number, hazard in self.hazards.items():
            steps = [hazard[column] for column in
                     ("found_at", "confirmed_at", "rectified_at", "verified_at") if hazard[column]]
            self.assertEqual(steps, sorted(steps), number)
            for step in steps:
                self.assertTrue(step.endswith("+08:00"), number)
                self.assertLessEqual(datetime.datetime.fromisoformat(step).date().isoformat(),
                                     NOTICE, number)
            done = hazard["status"] == "verified"
            self.assertEqual(bool(hazard["verified_at"]), done, number)
            if hazard["status"] != "reported":
                self.assertTrue(hazard["due_date"] and hazard["responsible_unit"], number)


if __name__ == "__main__":
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        DATA = pathlib.Path(sys.argv.pop(1))
    unittest.main()
