#!/usr/bin/env python3
"""Files as an office has them, and the register as of a day, through real processes."""

import csv
import datetime
import io
import unittest

from cli_support import DATA, SampleCase

# A few of the headings and words; the others stay English.
HEADINGS = {"number": "编号", "risk_source": "风险源", "description": "隐患描述", "due_date": "整改期限",
            "responsible_unit": "责任单位", "status": "状态", "grade": "隐患等级"}
WORDS = {"general": "一般", "major": "重大", "verified": "复查通过", "rectifying": "整改中"}


def rows() -> list[dict[str, str]]:
    with open(DATA / "hazards.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def as_excel_saves_it(hazards: list[dict[str, str]]) -> bytes:
    """Chinese headings and words in another order, 2017/7/31, CRLF, GB18030."""
    text = io.StringIO()
    columns = list(reversed(hazards[0]))
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([HEADINGS.get(column, column) for column in columns])
    for row in hazards:
        cells = dict(row)
        cells["grade"] = WORDS.get(row["grade"], row["grade"])
        cells["status"] = WORDS.get(row["status"], row["status"])
        if row["due_date"]:
            year, month, day = row["due_date"].split("-")
            cells["due_date"] = f"{year}/{int(month)}/{int(day)}"
        writer.writerow([cells[column] for column in columns])
    return text.getvalue().encode("gb18030")


class Files(SampleCase):
    def dry_run(self, content: bytes, *more: str, code: int = 0):
        path = self.directory / "隐患台账.csv"
        path.write_bytes(content)
        return self.ctl("import", path, "--as", "hazards", "--dry-run", *more, code=code)

    def test_our_own_hazards_as_excel_saves_them_in_china_change_nothing(self):
        result = self.dry_run(as_excel_saves_it(rows()), "--json").json
        self.assertEqual(result["problems"], [])
        self.assertEqual(result["changes"], [])
        [count] = result["summary"]["files"]
        self.assertEqual((count["rows"], count["unchanged"], count["encoding"]),
                         ("370", "370", "gb18030"))

    def test_what_would_change_is_shown_before_and_after(self):
        hazards = rows()
        hazards[0]["description"] = "新描述"
        hazards.append({**hazards[0], "number": "", "description": "没有编号的新隐患"})
        digest = self.ctl("digest", "--json").json["digest"]
        shown = self.dry_run(as_excel_saves_it(hazards), "--lang", "zh").out
        self.assert_row(shown, "hazards.csv", "2", hazards[0]["number"], "隐患描述", "→", "新描述")
        self.assert_row(shown, "hazards.csv", "gb18030", "371", "1", "1", "369", "0")
        self.assertEqual(self.ctl("digest", "--json").json["digest"], digest)
        path = self.directory / "hazards.csv"
        path.write_bytes(as_excel_saves_it(hazards))
        self.ctl("import", path)
        self.assertEqual(self.ctl("show", hazards[0]["number"], "--json").json["record"]["entity"]
                         ["hazard"]["description"], "新描述")
        again = self.ctl("import", path, "--json").json
        self.assertEqual((again["changes"], again["summary"]["operations"]), ([], "0"))

    def test_what_cannot_be_read_says_why(self):
        plain = (DATA / "hazards.csv").read_text(encoding="utf-8")
        for content, reason in ((plain.encode("utf-16"), "UTF-16"),
                                (plain.replace(",", "\t").encode(), "tabs"),
                                (plain.encode() + b"\xff\n", "line 372")):
            shown = self.dry_run(content, "--lang", "en", code=1)
            self.assert_row(shown.out, "hazards.csv", reason)
        odd = plain.replace("number,", "number,序号,", 1).splitlines()
        odd = "\n".join([odd[0], odd[1].replace(",", ",1,", 1)])
        self.assertEqual(len(self.dry_run(odd.encode(), "--json").json["warnings"]), 1)
        self.dry_run(odd.encode(), "--strict", code=1)

    def test_the_register_as_of_a_day(self):
        figures = self.ctl("stats", "--summary").out
        today = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).date()
        before = str(today - datetime.timedelta(days=3))
        empty = self.ctl("stats", "--summary", "--as-of", before).out
        self.assertIn(" hazards=0 ", empty)
        self.assertIn(" hazards=37", figures)
        self.assertEqual(self.ctl("ledger", "--as-of", before, "--json").json["hazards"], [])
        self.ctl("show", "YH-2016-0001", "--as-of", before, code=5)
        late = self.ctl("stats", "--as-of", str(today + datetime.timedelta(days=3)), code=1)
        self.assertIn("INVALID_DATE", late.err)

    def test_history_tells_who_knew_what(self):
        shown = self.ctl("history", "YH-2016-0001", "--with-children", "--lang", "zh").out
        self.assertIn("来自 hazards.csv 第 2 行", shown)


if __name__ == "__main__":
    unittest.main(verbosity=2)
