#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""The dashboard in a real browser: the report from a file and the live page from the server.

Usage: page_test.py WEB_FIXTURE [unittest arguments]. With QUANTFLEET_SCREENSHOTS=DIR pictures are left there.
"""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

import synthetic

FIXTURE = ""
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"]
CANDIDATES = 6  # arms of a block besides the baseline and its null


def three(number):
    """Three significant digits, as the page writes them."""
    return f"{number:#.3g}".rstrip(".")


def compared(comparison):
    """The rows that tables show: parts of a product are behind ledgers."""
    return [row for row in comparison["rows"] if row["arm"]["role"] != "ARM_ROLE_ABLATION"]


def start_browser(profile):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in [*FLAGS, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


class PageCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="quantfleet-web."))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.browser = start_browser(cls.folder / "profile")
        cls.addClassCleanup(cls.browser.quit)

    def setUp(self):
        self.window(1360, 1000)
        self.dark(False)
        self.addCleanup(self.assert_quiet)

    def assert_quiet(self):
        """No text became markup and the browser complained of nothing."""
        self.assertIsNone(self.browser.execute_script("return window.hacked ?? null"))
        self.assertEqual([], self.browser.find_elements(By.CSS_SELECTOR, "#app img, #app script"))
        self.assertEqual([], [entry for entry in self.browser.get_log("browser") if entry["level"] != "INFO"])

    def window(self, width, height):
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def dark(self, on):
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": "dark" if on else "light"}]})

    def wait(self, condition, what):
        return WebDriverWait(self.browser, 30, poll_frequency=0.1).until(lambda _: condition(), what)

    def all(self, selector, root=None):
        return (root or self.browser).find_elements(By.CSS_SELECTOR, selector)

    def count(self, selector):
        return self.browser.execute_script("return document.querySelectorAll(arguments[0]).length", selector)

    def text(self):
        return self.browser.find_element(By.ID, "app").text

    def picture(self, name):
        if folder := os.environ.get("QUANTFLEET_SCREENSHOTS"):
            shot = self.browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": {
                **dict(zip(("width", "height"), self.browser.execute_script(
                    "return [innerWidth, Math.min(document.documentElement.scrollHeight, 3200)]"))),
                "x": 0, "y": 0, "scale": 1}})
            pathlib.Path(folder, name + ".png").write_bytes(base64.b64decode(shot["data"]))


class Report(PageCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = synthetic.comparison()
        html = subprocess.run([FIXTURE, "report"], input=json.dumps(cls.data), capture_output=True, text=True, check=True)
        cls.page = cls.folder / "report.html"
        cls.page.write_text(html.stdout, encoding="utf-8")

    def setUp(self):
        super().setUp()
        self.browser.get(self.page.as_uri() + "#/")
        self.browser.refresh()

    def measured(self):
        return [row for row in self.data["rows"] if row["arm"]["role"] == "ARM_ROLE_CANDIDATE" and "ratio" in row["ratio"]]

    def test_every_row_point_verdict_and_sentence_is_there(self):
        self.assertLess(len(compared(self.data)), len(self.data["rows"]))
        self.assertEqual(len(compared(self.data)), self.count("table.results tbody tr"))
        self.assertEqual(len(self.measured()), self.count(".charts .marker"))
        self.assertEqual(len(self.measured()), self.count(".charts .interval"))
        self.assertEqual(len(synthetic.CLASSES) * len(synthetic.LAYERS), self.count("svg.chart"))
        for verdict in ("FASTER", "SLOWER", "SAME", "AMBIGUOUS", "INVALID", "NOT_COMPARABLE"):
            expected = sum(row.get("ratio", {}).get("verdict") == f"VERDICT_{verdict}" for row in self.data["rows"])
            slug = verdict.lower().replace("_", "-")
            self.assertGreater(expected, 0, verdict)
            self.assertEqual(expected, self.count(f"table.results .verdict-{slug}"), verdict)
        text = self.text()
        for crossover in self.data["crossovers"]:
            self.assertIn(crossover["sentence"], text)
            self.assertIn(crossover["predicted"]["sentence"], text)
        self.picture("report-light")

    def test_ledgers_show_every_term_and_end_at_the_difference(self):
        ledgers = self.data["ledgers"]
        self.assertEqual(len(ledgers), self.count(".ledgers tbody tr"))
        self.assertEqual(len(synthetic.CLASSES), self.count(".ledgers .ledger-closed"))
        self.assertEqual(len(synthetic.CLASSES), self.count(".ledgers .ledger-not-explained"))
        # Every term and the residual have a step; the last ends where the difference lies.
        places = self.browser.execute_script("""
          return [...document.querySelectorAll('.waterfall')].map((chart) => {
            const number = (element, name) => Number(element.getAttribute(name));
            const steps = [...chart.querySelectorAll('rect')];
            const last = steps[steps.length - 1];
            return [steps.length, number(chart.querySelector('.zero'), 'x1'), number(last, 'x'), number(last, 'width')];
          });""")
        for ledger, (steps, zero, start, width) in zip(ledgers, places):
            self.assertEqual(len(ledger["terms"]) + 1, steps)
            self.assertEqual(ledger["differenceSeconds"] > 0, start + width > zero)
        first = self.all(".ledgers tbody tr")[0].text
        self.assertIn("-80.0 µs", first.replace("\u2212", "-"))
        self.assertIn("decode bound", first)

    def test_speed_up_is_the_inverse_of_the_time_ratio(self):
        row = self.data["rows"][7]
        cells = self.all("table.results tbody tr")[7].find_elements(By.CSS_SELECTOR, "td, th")
        ratio = row["ratio"]
        self.assertIn(f"{three(1 / ratio['ratio'])}×", cells[4].text)
        self.assertIn(f"{three(1 / ratio['high'])}× to {three(1 / ratio['low'])}×", cells[4].text)
        self.assertIn(f"{three(row['measurement']['summary']['medianSeconds'] * 1e6)} µs", cells[3].text)
        self.assertIn("4.50 bits a weight", cells[5].text)
        self.assertIn("above 1× the arm is faster", self.text())

    def test_a_point_lies_above_one_exactly_when_the_arm_is_faster(self):
        places = self.browser.execute_script("""
          const chart = document.querySelector('svg.chart');
          const one = Number(chart.querySelector('.unity').getAttribute('y1'));
          return [...chart.querySelectorAll('.marker')].map((m) => one - m.transform.baseVal[0].matrix.f);""")
        first = [row for row in self.measured() if row["deviceClass"] == "cpu/amd-epyc-9r14/1t"
                 and row["arm"]["labels"]["layer"] == "gpt2/attn.c_attn"]
        self.assertEqual(len(first), len(places))
        self.assertEqual(sorted(row["ratio"]["ratio"] < 1 for row in first), sorted(place > 0 for place in places))
        self.assertEqual({True, False}, {place > 0 for place in places})

    def test_filters_narrow_table_and_charts_and_keep_focus(self):
        Select(self.browser.find_element(By.ID, "filter-layer")).select_by_value("gpt2/mlp.c_fc")
        classes, batches = len(synthetic.CLASSES), len(synthetic.BATCHES)
        self.assertEqual(classes, self.count("svg.chart"))
        self.assertEqual(classes * batches * (CANDIDATES + 2), self.count("table.results tbody tr"))
        Select(self.browser.find_element(By.ID, "filter-format")).select_by_value("nf4")
        self.assertEqual(classes * batches * 2, self.count("table.results tbody tr"))
        self.assertEqual("filter-format", self.browser.switch_to.active_element.get_attribute("id"))

    def test_legend_switches_lines_by_keyboard(self):
        before = self.count(".charts .line")
        entry = self.all(".legend-entry")[0]
        entry.send_keys(Keys.SPACE)
        entry = self.browser.switch_to.active_element
        self.assertEqual("false", entry.get_attribute("aria-pressed"))
        self.assertEqual(before - len(synthetic.CLASSES) * len(synthetic.LAYERS), self.count(".charts .line"))
        entry.send_keys(Keys.SPACE)
        self.assertEqual(before, self.count(".charts .line"))

    def test_arrow_keys_read_points_out(self):
        chart = self.all("svg.chart")[0]
        chart.send_keys(Keys.ARROW_RIGHT)
        readout = self.all(".readout")[0]
        first = readout.text
        self.assertIn("batch 1: ", first)
        chart.send_keys(Keys.ARROW_RIGHT)
        self.assertIn("batch 2: ", readout.text)

    def test_table_sorts_by_its_heads(self):
        self.browser.find_element(By.CSS_SELECTOR, "thead button[id$=-speedUp]").click()
        self.browser.find_element(By.CSS_SELECTOR, "thead button[id$=-speedUp]").click()
        shown = [float(text.rstrip("×")) for text in self.browser.execute_script(
            "return [...document.querySelector('table.results').querySelectorAll('.speed-up')].map(e => e.textContent)")]
        self.assertEqual(sorted(shown, reverse=True), shown)
        self.assertGreater(shown[0], shown[-1])

    def test_hardware_side_by_side(self):
        self.browser.find_element(By.LINK_TEXT, "Across hardware").click()
        arms = len(synthetic.LAYERS) * len(synthetic.BATCHES) * CANDIDATES
        self.assertEqual(arms, self.count("table.cross tbody tr"))
        self.assertEqual(len(synthetic.LAYERS) * len(synthetic.CLASSES), self.count(".charts .line"))
        differing = self.count("table.cross tr.differs")
        self.assertGreater(differing, 0)
        self.picture("cross-light")
        self.browser.find_element(By.ID, "only-disagreements").click()
        self.assertEqual(differing, self.count("table.cross tbody tr"))

    def test_nothing_overflows_a_narrow_window(self):
        for name, width, dark in (("report-dark", 1360, True), ("report-narrow", 400, False)):
            self.window(width, 900)
            self.dark(dark)
            self.assertLessEqual(self.browser.execute_script("return document.documentElement.scrollWidth"), width)
            self.picture(name)


class Live(PageCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.write("matrices", synthetic.matrices())
        cls.write("comparison", synthetic.comparison())
        cls.write("fleet", synthetic.fleet())
        cls.server = subprocess.Popen([FIXTURE, "serve", cls.folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(cls.server.communicate)
        cls.address = cls.server.stdout.readline().strip()

    @classmethod
    def write(cls, name, data):
        new = cls.folder / (name + ".new")
        new.write_text(json.dumps(data), encoding="utf-8")
        new.rename(cls.folder / (name + ".json"))

    def open(self, route):
        self.browser.get("about:blank")
        self.browser.get(f"http://{self.address}/{route}")

    def test_matrices_lead_to_one_matrix(self):
        self.open("")
        self.wait(lambda: self.count("tbody tr") == 2, "two matrices")
        self.assertIn("20 of 56 blocks", self.text())
        self.assertIn(synthetic.HOSTILE, self.text())
        self.picture("matrices-light")
        self.browser.find_element(By.ID, "open-" + synthetic.MATRIX_ID).send_keys(Keys.ENTER)
        self.wait(lambda: self.count("table.results tbody tr") == len(compared(synthetic.comparison())), "the rows")
        self.assertIn("waits: no device matches target a100", self.text())
        self.assertEqual("title", self.browser.switch_to.active_element.get_attribute("id"))
        self.picture("matrix-light")

    def test_a_change_appears_and_the_choice_stays(self):
        self.open("#/matrix/" + synthetic.MATRIX_ID)
        self.wait(lambda: self.count("table.results tbody tr") > 0, "the rows")
        Select(self.browser.find_element(By.ID, "filter-format")).select_by_value("nf4")
        before = self.count("table.results tbody tr")
        data = synthetic.comparison()
        data["rows"] = data["rows"][:8 * 7]
        self.addCleanup(self.write, "comparison", synthetic.comparison())
        self.addCleanup(self.write, "matrices", synthetic.matrices())
        self.write("comparison", data)
        self.write("matrices", synthetic.matrices(version=8, done=21))
        self.wait(lambda: "21 of 56 blocks" in self.text(), "the new count")
        self.assertEqual(2 * 7, self.count("table.results tbody tr"))
        self.assertGreater(before, 2 * 7)
        self.assertEqual("filter-format", self.browser.switch_to.active_element.get_attribute("id"))

    def test_fleet(self):
        self.open("#/fleet")
        self.wait(lambda: self.count("main section.card") == 2, "two sessions")
        text = self.text()
        self.assertIn("runs blk_1t_20, 40.0 % done", text)
        self.assertIn("takes no block: disk full", text)
        self.assertIn("19.4 GB/s", text)
        self.dark(True)
        self.picture("fleet-dark")

    def test_an_unknown_matrix_is_said_to_be_one(self):
        self.open("#/matrix/mtx_none")
        self.wait(lambda: "no matrix mtx_none" in self.text(), "the error")
        # The browser itself logs every 404; only those may be there.
        log = self.browser.get_log("browser")
        self.assertTrue(log and all("404" in entry["message"] for entry in log), log)
        self.browser.get("about:blank")


if __name__ == "__main__":
    FIXTURE = sys.argv.pop(1)
    unittest.main(verbosity=2)
