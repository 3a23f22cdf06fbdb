#!/usr/bin/env python3
"""Reports of the shipped data as files: their figures, their rows, what a spreadsheet finds."""

import collections
import csv
import datetime
import html.parser
import io
import json
import re
import unittest
import xml.etree.ElementTree as ElementTree
import zipfile

from cli_support import DATA, SampleCase, run

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
# Days of a workbook count from here.
EPOCH = datetime.date(1899, 12, 30)


def shipped(name: str) -> list[dict[str, str]]:
    with open(DATA / f"{name}.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


class Page(html.parser.HTMLParser):
    """The text of a page, and the rows of its tables."""

    def __init__(self, text: str):
        super().__init__()
        self.rows: list[list[str]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_data(self, data):
        self.words.append(data)
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data

    @property
    def text(self) -> str:
        return "".join(self.words)


class Reports(SampleCase):
    """One server for all; nothing is changed in it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        test = cls("ctl")
        cls.safety = test.add_office("safety-01", cls.directory)
        cls.unit = test.add_office("lfu-01-01", cls.directory)

    def report(self, *words, lang="en", access=None) -> bytes:
        out = self.directory / "report.out"
        self.ctl("report", *words, "--out", out, "--lang", lang, access=access or self.safety)
        self.assertFalse((self.directory / "report.out.part").exists())
        return out.read_bytes()

    def rows(self, *words, lang="en", access=None) -> list[dict[str, str]]:
        text = self.report(*words, "--format", "csv", lang=lang, access=access).decode("utf-8")
        return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))

    def stats(self, *words, access=None) -> dict:
        return json.loads(self.report("stats", *words, "--format", "json", access=access))

    # --- Figures ----------------------------------------------------------------------------------

    def test_statistics_give_the_figures_of_the_notice(self):
        stats = self.stats()
        figures = stats["figures"]
        expected = {"hazards": 370, "rectified": 320, "open": 50, "rate": "86.49%", "tagged": 33,
                    "slopes": 23, "transferred": 15, "kept": 8, "done": 1, "underway": 7,
                    "circulated": 15}
        self.assertEqual({name: figures[name] for name in expected}, expected)
        total = stats["total"][0]
        self.assertEqual((total["found"], total["rectified"], total["open"], total["rate"]),
                         (370, 320, 50, 86.49))
        self.assertEqual((total["transferred"], total["in_hand"]), (15, 35))
        ledgers = {row["code"]: row for row in stats["supervision"]}
        slopes = ledgers["park-slopes"]
        self.assertEqual((slopes["found"], slopes["transferred"], slopes["rectified"],
                          slopes["in_hand"]), (23, 15, 1, 7))
        self.assertEqual(ledgers["hazards"]["found"], 33)
        bulletin = stats["bulletin"][0]
        self.assertEqual((bulletin["found"], bulletin["rectified"]), (15, 15))

    def test_each_division_is_the_whole_and_as_the_files_count(self):
        hazards = shipped("hazards")
        sources = {source["code"]: source for source in shipped("risk_sources")}
        keys = {
            "department": lambda h: sources[h["risk_source"]]["industry_department"],
            "district": lambda h: sources[h["risk_source"]]["district"],
            "site_type": lambda h: sources[h["risk_source"]]["site_type"],
            "grade": lambda h: h["grade"],
            "period": lambda h: h["found_at"][:7],
        }
        stats = self.stats()
        for name, key in keys.items():
            found = collections.Counter(key(hazard) for hazard in hazards)
            done = collections.Counter(key(h) for h in hazards if h["status"] == "verified")
            self.assertEqual({row["code"]: (row["found"], row["rectified"]) for row in stats[name]},
                             {code: (count, done[code]) for code, count in found.items()}, name)
        days = [(datetime.datetime.fromisoformat(h["verified_at"]) -
                 datetime.datetime.fromisoformat(h["found_at"])).total_seconds() / 86400
                for h in hazards if h["status"] == "verified" and h["verified_at"]]
        self.assertAlmostEqual(stats["total"][0]["average_days"], sum(days) / len(days), delta=0.06)

    def test_a_quarter_has_its_bulletin(self):
        page = Page(self.report("bulletin", "--period", "2017-Q1", "--format", "html",
                                lang="zh").decode("utf-8"))
        found = [h for h in shipped("hazards") if "2017-01" <= h["found_at"][:7] <= "2017-03"]
        self.assertIn("2017年第一季度安全隐患排查治理情况通报", page.text)
        self.assertIn(f"共排查发现隐患{len(found)}项", page.text)
        self.assertIn("本期印发通报1份，通报隐患15项，其中已整改15项", page.text)
        counts = self.rows("bulletin", "--period", "2017-Q1")
        for section in ("department", "district", "site_type", "grade", "period"):
            self.assertEqual(sum(int(row["found"]) for row in counts if row["section"] == section),
                             len(found), section)
        self.assertEqual([(row["code"], row["found"], row["rectified"]) for row in counts
                          if row["section"] == "bulletin"], [("通报〔2017〕1号", "15", "15")])

    # --- Ledgers ----------------------------------------------------------------------------------

    def test_the_ledger_as_csv_is_the_file_that_was_imported(self):
        rows = self.rows("hazards")
        self.assertEqual(len(rows), 370)
        for row, before in zip(rows, sorted(shipped("hazards"), key=lambda h: h["number"])):
            self.assertEqual({name: row[name] for name in before}, before)

    def test_the_ledger_as_csv_can_be_imported(self):
        directory = self.directory / "again"
        directory.mkdir()
        (directory / "hazards.csv").write_bytes(self.report("hazards", "--format", "csv", "--bom"))
        said = self.ctl("import", directory, "--dry-run", "--json").json
        files = {each["file"]: each for each in said["summary"]["files"]}
        self.assertEqual((files["hazards.csv"]["rows"], files["hazards.csv"]["changed"],
                          files["hazards.csv"]["bad"]), ("370", "0", "0"))

    def test_ledgers_of_supervision(self):
        self.assertEqual(len(self.rows("supervision")), 33 + 23)
        self.assertEqual(len(self.rows("supervision", "--ledger", "hazards")), 33)
        slopes = self.rows("supervision", "--ledger", "park-slopes")
        self.assertEqual(collections.Counter(row["status"] for row in slopes),
                         {"transferred": 15, "in progress": 7, "lifted": 1})
        for row in self.rows("supervision", "--ledger", "hazards"):
            self.assertTrue(row["measures"] and row["due_date"], row["number"])
        orders = {order["number"]: order for order in shipped("supervision_orders")}
        landfills = self.rows("supervision", "--site-type", "landfill")
        sources = {source["code"]: source["site_type"] for source in shipped("risk_sources")}
        sites = {h["number"]: sources[h["risk_source"]] for h in shipped("hazards")}
        self.assertEqual({row["number"] for row in landfills},
                         {number for number, order in orders.items()
                          if sites[order["hazard"]] == "landfill"})

    def test_everybody_gets_his_part(self):
        own = self.rows("hazards", access=self.unit)
        listed = self.ctl("ledger", "--all", "--json", access=self.unit).json["hazards"]
        self.assertEqual([row["number"] for row in own], [row["number"] for row in listed])
        self.assertTrue(0 < len(own) < 370)
        self.assertEqual(self.stats(access=self.unit)["total"][0]["found"], len(own))

    def test_filters_are_the_ledgers(self):
        listed = self.ctl("ledger", "--grade", "major", "--finished", "no", "--all",
                          "--json").json["hazards"]
        self.assertEqual([row["number"] for row in
                          self.rows("hazards", "--grade", "major", "--finished", "no")],
                         [row["number"] for row in listed])

    def test_places_are_those_of_the_hazards_or_their_sources(self):
        features = json.loads(self.report("hazards", "--format", "geojson"))["features"]
        self.assertEqual(len(features), 370)
        sources = {source["code"]: source for source in shipped("risk_sources")}
        for feature in features:
            source = sources[feature["properties"]["risk_source"]]
            self.assertEqual(feature["geometry"], {
                "type": "Point", "coordinates": [float(source["position_longitude"]),
                                                 float(source["position_latitude"])]})

    # --- Workbooks --------------------------------------------------------------------------------

    def workbook(self, *words) -> zipfile.ZipFile:
        book = zipfile.ZipFile(io.BytesIO(self.report(*words, "--format", "xlsx", lang="zh")))
        self.assertIsNone(book.testzip())
        return book

    def cells(self, sheet: ElementTree.Element) -> list[list[ElementTree.Element]]:
        return [list(row) for row in sheet.iter(f"{MAIN}row")]

    def text_of(self, cell: ElementTree.Element) -> str:
        return "".join(part.text or "" for part in cell.iter(f"{MAIN}t"))

    def test_a_workbook_has_real_dates_filters_and_a_heading_that_stays(self):
        book = self.workbook("hazards")
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        rows = self.cells(sheet)
        self.assertEqual(len(rows), 371)
        headings = [self.text_of(cell) for cell in rows[0]]
        for heading in ("编号", "隐患描述", "隐患等级", "整改期限", "责任单位", "挂牌督办"):
            self.assertIn(heading, headings)
        pane = next(sheet.iter(f"{MAIN}pane"))
        self.assertEqual((pane.get("state"), pane.get("ySplit")), ("frozen", "1"))
        self.assertEqual(next(sheet.iter(f"{MAIN}autoFilter")).get("ref"),
                         f"A1:{rows[0][-1].get('r').rstrip('1')}371")
        setup = next(sheet.iter(f"{MAIN}pageSetup"))
        self.assertEqual((setup.get("orientation"), setup.get("paperSize"),
                          setup.get("fitToHeight")), ("landscape", "9", "0"))
        self.assertIn("Print_Titles", book.read("xl/workbook.xml").decode())

        styles = ElementTree.fromstring(book.read("xl/styles.xml"))
        formats = {each.get("numFmtId"): each.get("formatCode")
                   for each in styles.iter(f"{MAIN}numFmt")}
        kinds = [formats.get(xf.get("numFmtId"), "")
                 for xf in next(styles.iter(f"{MAIN}cellXfs"))]
        due = headings.index("整改期限")
        shown = {}
        for row in rows[1:]:
            cell = row[due]
            value = cell.find(f"{MAIN}v")
            if value is None:
                shown[self.text_of(row[0])] = ""
                continue
            self.assertIsNone(cell.get("t"), "a date is a number")
            self.assertEqual(kinds[int(cell.get("s"))], "yyyy-mm-dd")
            day = EPOCH + datetime.timedelta(days=int(float(value.text)))
            shown[self.text_of(row[0])] = day.isoformat()
        self.assertEqual(shown, {h["number"]: h["due_date"] for h in shipped("hazards")})
        self.assertEqual(list(sheet.iter(f"{MAIN}f")), [], "no formulas")

    def test_statistics_have_a_sheet_for_each_division(self):
        names = re.findall(r'<sheet name="([^"]+)"',
                           self.workbook("stats").read("xl/workbook.xml").decode("utf-8"))
        self.assertEqual(names, ["主要指标", "总计", "按行业监管部门", "按所在区", "按场所类型",
                                 "按隐患等级", "按发现时间", "挂牌督办台账", "通报"])

    def test_what_one_may_not_see_has_no_document(self):
        seen = {row["number"] for row in self.rows("hazards", access=self.unit)}
        other = next(h["number"] for h in shipped("hazards") if h["number"] not in seen)
        out = self.directory / "other.html"
        self.ctl("document", "rectification-notice", other, "--out", out, access=self.unit, code=5)
        self.assertFalse(out.exists())

    # --- The command ------------------------------------------------------------------------------

    def test_the_output_is_the_file(self):
        said = self.ctl("report", "hazards", "--format", "csv", "--out", "-", "--lang", "en",
                        access=self.safety)
        self.assertEqual(said.out.encode("utf-8"), self.report("hazards", "--format", "csv"))
        self.assertIn("370 rows", said.err)

    def test_a_byte_order_mark_is_for_those_who_ask(self):
        self.assertFalse(self.report("hazards", "--format", "csv").startswith(b"\xef\xbb\xbf"))
        self.assertTrue(self.report("hazards", "--format", "csv", "--bom", lang="zh").startswith(
            b"\xef\xbb\xbf" + "编号,".encode("utf-8")))

    def test_what_fails_leaves_no_file(self):
        out = self.directory / "none.csv"
        wrong = [(("--unit", "NOBODY"), 5), (("--sort", "colour"), 1), (("--format", "pdf"), 2)]
        for words, code in wrong:
            self.ctl("report", "hazards", *words, "--out", out, access=self.safety, code=code)
        self.ctl("report", "bulletin", "--format", "geojson", "--out", out, access=self.safety,
                 code=1)
        nowhere = run("vigilctl", "report", "hazards", "--out", str(out),
                      env={**self.server.env(self.safety), "VIGIL_SERVER": "127.0.0.1:1"})
        self.assertEqual(nowhere.code, 3)
        self.assertEqual(list(self.directory.glob("none.*")), [])
        out.write_text("before")
        self.ctl("report", "hazards", "--sort", "colour", "--out", out, access=self.safety, code=1)
        self.assertEqual(out.read_text(), "before")
        out.unlink()
        left = [path.name for path in self.server.directory.iterdir()
                if path.name.startswith("report-")]
        self.assertEqual(left, [])


class Documents(SampleCase):
    """What people sign. A server of its own: more is written into it than was shipped."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.safety = cls("ctl").add_office("safety-01", cls.directory)

    def document(self, kind: str, record: str, lang: str = "zh") -> str:
        out = self.directory / f"{kind}-{lang}.html"
        self.ctl("document", kind, record, "--out", out, "--lang", lang, access=self.safety)
        return Page(out.read_text(encoding="utf-8")).text

    def test_documents_say_what_the_register_says(self):
        notice = self.document("supervision-notice", "督字〔2016〕1号")
        for said in ("安全隐患挂牌督办通知书", "督字〔2016〕1号", "市城市管理局", "2016年11月23日",
                     "2017年1月26日", "局分管安全负责人（职务）", "YH-2016-0011"):
            self.assertIn(said, notice)
        self.assertIn("YH-2017-0242", self.document("rectification-notice", "YH-2017-0242"))
        bulletin = self.document("bulletin", "通报〔2017〕1号")
        self.assertIn("通报的隐患（15项）", bulletin)
        self.assertIn("垃圾处置监管处、", bulletin)

        hazard = self.ctl("show", "YH-2017-0248", "--kind", "hazard", "--json").json["record"]["id"]
        self.ctl("create", "supervision_letter", "--set", f"hazard={hazard}", "--set",
                 "number=督函〔2017〕3号", "--set", "text=请立即整改<b>并</b>说明情况。", "--set",
                 "limit=2017-09-30", "--set", "sent_on=2017-08-21", access=self.safety)
        letter = self.document("supervision-letter", "督函〔2017〕3号")
        for said in ("督函〔2017〕3号", "请立即整改<b>并</b>说明情况。", "2017年9月30日"):
            self.assertIn(said, letter)

        phone = self.add_phone("inspector-01", self.directory)
        self.field(phone, "inspect", "RS-LF-003", "--answer", "LF-03=5", "--remark", "风大",
                   "--hazard", "收集井倾斜", "--signature-refused", "负责人不在场")
        self.field(phone, "sync")
        made = self.ctl("list", "inspection", "--json", access=self.safety).json
        record = self.document("inspection-record", made[0]["id"])
        for said in ("安全检查记录", "RS-LF-003", "收集井倾斜", "负责人不在场", "风大", "LF-03"):
            self.assertIn(said, record)
        for kind, name in (("supervision-notice", "督字〔2016〕1号"),
                           ("supervision-letter", "督函〔2017〕3号")):
            self.assertIn("(seal)", self.document(kind, name, lang="en"))


if __name__ == "__main__":
    unittest.main()
