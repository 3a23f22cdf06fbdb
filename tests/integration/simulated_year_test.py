#!/usr/bin/env python3
"""A simulated year on the shipped data fires what the ladder and the data say, and nothing else.

What must fire is worked out here from the CSV files, the ladder and the lists of working days,
naively and with nothing of the program's.
"""

import csv
import datetime
import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "deploy" / "data" / "shenzhen-2017"
CONFIG = ROOT / "deploy" / "config"
BIN = pathlib.Path(os.environ["VIGIL_BUILD_DIR"]) / "tests" / "bin"

# When the data is taken in: 16:00 in Shanghai. The year has 365 days.
IMPORT = datetime.date(2017, 7, 31)
END = IMPORT + datetime.timedelta(365)
DOWN = (IMPORT + datetime.timedelta(200), IMPORT + datetime.timedelta(222))

DAY = datetime.timedelta(1)
FINISHED = {"verified", "transferred", "merged", "rejected"}


def rows(name: str) -> list[dict[str, str]]:
    with open(DATA / f"{name}.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def date(text: str) -> datetime.date | None:
    return datetime.date.fromisoformat(text[:10]) if text else None


def read_working_days() -> dict[datetime.date, bool]:
    """Days that differ from the week's rule."""
    differ = {}
    text = (CONFIG / "working_days.textproto").read_text(encoding="utf-8")
    for kind, first, last in re.findall(
            r'^\s*(off|work): "([0-9-]+?)(?:\.\.([0-9-]+))?"', text, re.MULTILINE):
        day = datetime.date.fromisoformat(first)
        while day <= datetime.date.fromisoformat(last or first):
            differ[day] = kind == "work"
            day += DAY
    return differ


WORKED = read_working_days()


def add_working_days(day: datetime.date, count: int) -> datetime.date:
    while count:
        day += DAY if count > 0 else -DAY
        if WORKED.get(day, day.weekday() < 5):
            count -= 1 if count > 0 else -1
    return day


def read_ladder() -> dict[str, dict]:
    text = (CONFIG / "ladder.textproto").read_text(encoding="utf-8")
    ladder = {}
    for body in re.findall(r"^rung \{(.*?)^\}", text, re.MULTILINE | re.DOTALL):
        field = dict(re.findall(r"^\s*(\w+): (.*)$", body, re.MULTILINE))
        ladder[field["step"]] = {
            "working_days": int(field.get("working_days", 0)), "days": int(field.get("days", 0)),
            "major": field.get("grade_min") == "HAZARD_GRADE_MAJOR"}
    return ladder


class Reference:
    """Every step that falls due before the year is over: (step, key, date, day, past or new)."""

    def __init__(self):
        self.ladder = read_ladder()
        self.fired = set()
        self.hazards = {row["number"]: row for row in rows("hazards")}
        self.orders = rows("supervision_orders")
        for hazard in self.hazards.values():
            self.take_hazard(hazard)
        for source in rows("risk_sources"):
            if source["inspection_interval_days"]:
                due = IMPORT + DAY * int(source["inspection_interval_days"])
                self.add("INSPECTION_OVERDUE", source["code"], due, "general")

    def add(self, step: str, key: str, waited_for: datetime.date, grade: str) -> None:
        rung = self.ladder["ESCALATION_STEP_" + step]
        if rung["major"] and grade != "major":
            return
        day = add_working_days(waited_for, rung["working_days"]) + DAY * rung["days"]
        if day <= END:
            self.fired.add(("ESCALATION_STEP_" + step, key, str(waited_for), str(day),
                            "past" if day <= IMPORT else "new"))

    def take_hazard(self, hazard: dict[str, str]) -> None:
        orders = [order for order in self.orders if order["hazard"] == hazard["number"]]
        tagging = [order for order in orders
                   if order["status"] not in ("proposed", "lifted", "transferred")]
        status, grade = hazard["status"], hazard["grade"]
        for order in orders:
            if order["status"] == "lifted" and order["lifted_on"] and not order["published_on"]:
                self.add("LIFTING_UNPUBLISHED", order["number"], date(order["lifted_on"]), grade)
        if status == "verified":
            return
        for order in tagging:
            self.take_order(order, grade)
        if status == "reported":
            self.add("REPORT_UNCONFIRMED", hazard["number"], IMPORT, grade)
        if status in FINISHED and not tagging:
            return
        due = min((date(order["due_date"]) for order in tagging), default=date(hazard["due_date"]))
        if due:
            for step in ("E4_OVERDUE", "E5_PROPOSE_LETTER", "E7_PROPOSE_TALK"):
                self.add(step, hazard["number"], due, grade)

    def take_order(self, order: dict[str, str], grade: str) -> None:
        number, status = order["number"], order["status"]
        if status == "issued":
            self.add("ORDER_NOT_SERVED", number, date(order["issued_on"]), grade)
        if status in ("issued", "served"):
            self.add("E0_PLAN_DUE_MISSED", number, date(order["plan_due"]), grade)
        if status in ("issued", "served", "in_progress"):
            self.add("E1_EXTENSION_WINDOW_CLOSING", number, date(order["due_date"]), grade)
            self.add("E2_EXTENSION_WINDOW_CLOSED", number, date(order["due_date"]), grade)
        if status == "acceptance":
            self.add("ACCEPTANCE_UNDECIDED", number, IMPORT, grade)
        if status == "in_progress":
            day = date(order["issued_on"])
            while day <= END:
                following = day + DAY
                if following.month in (1, 4, 7, 10) and following.day == 1:
                    self.add("E3_PROGRESS_MISSING", number, day, grade)
                day = following


class SimulatedYear(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        said = subprocess.run(
            [BIN / "simulated_year", DATA, CONFIG / "ladder.textproto",
             CONFIG / "working_days.textproto"],
            capture_output=True, text=True, check=True, timeout=900).stdout
        cls.lines = [tuple(line.split("\t")) for line in said.splitlines()]

    def test_what_fires_is_what_the_reference_works_out(self):
        expected = Reference().fired
        fired = {(step, key, waited_for, day, when)
                 for step, key, waited_for, day, _, when in self.lines}
        self.assertEqual(len(fired), len(self.lines), "a step fired twice")
        self.assertEqual(sorted(expected - fired), [], "did not fire")
        self.assertEqual(sorted(fired - expected), [], "fired without a reason")
        # The data reaches these, so that the comparison means something.
        reached = {step.removeprefix("ESCALATION_STEP_").split("_")[0] for step, *_ in fired}
        self.assertLessEqual({"E1", "E2", "E3", "E4", "E5", "E7", "ACCEPTANCE", "INSPECTION"},
                             reached)

    def test_each_fires_on_its_day_or_when_the_server_is_up_again(self):
        for step, key, _, day, fired, when in self.lines:
            due, at = date(day), date(fired)
            if when == "past":
                expected = IMPORT + DAY
            elif DOWN[0] < due < DOWN[1]:
                expected = DOWN[1]
            else:
                expected = due
            with self.subTest(step=step, key=key):
                self.assertEqual(at, expected)


if __name__ == "__main__":
    unittest.main(verbosity=2)
