"""Opens a report page in headless Chromium and prints what a reader meets there, as JSON, for a Swift test to compare.

usage: browse_report.py REPORT.html LIGHT.png DARK.png

Everything is done as a reader does it: the table's figures are read from the page, the keyboard zooms a timeline and
sorts a table, and the colours of both schemes are taken from the rendered page. The network is switched off.
"""

import json
import sys

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

page, light, dark = sys.argv[1:]
options = webdriver.ChromeOptions()
options.binary_location = "/usr/bin/chromium"
for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,1600", "--hide-scrollbars",
                 "--disable-dev-shm-usage", "--disable-background-networking"):
    options.add_argument(argument)
options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
browser = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
result = {}
try:
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.emulateNetworkConditions",
                            {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0})
    browser.get("file://" + page)
    result["title"] = browser.title
    result["figures"] = {
        row.get_attribute("data-figure"): [cell.get_attribute("data-value") for cell in row.find_elements(By.TAG_NAME, "td")]
        for row in browser.find_elements(By.CSS_SELECTOR, "#comparison-table tr[data-figure]")}
    result["shown"] = {
        row.get_attribute("data-figure"): [cell.text.split("×")[0].strip() for cell in row.find_elements(By.TAG_NAME, "td")]
        for row in browser.find_elements(By.CSS_SELECTOR, "#comparison-table tr[data-figure]")}
    result["cards"] = len(browser.find_elements(By.CSS_SELECTOR, ".card"))
    result["histograms"] = len(browser.find_elements(By.CSS_SELECTOR, "#histograms svg"))
    result["roofline"] = len(browser.find_elements(By.CSS_SELECTOR, "#roofline-chart [tabindex]"))

    # Every drawing has a name, and the headings do not skip a level.
    result["unnamed"] = browser.execute_script(
        "return [...document.querySelectorAll('canvas,[role=img],[role=region],[role=application],button')]"
        ".filter(e => !(e.getAttribute('aria-label') || e.textContent.trim())).length")
    result["headings"] = browser.execute_script(
        "return [...document.querySelectorAll('h1,h2,h3')].map(e => +e.tagName[1])")

    # The keyboard: zoom and move a timeline.
    canvas = browser.find_element(By.CSS_SELECTOR, ".timeline canvas")
    caption = lambda: browser.find_element(By.CSS_SELECTOR, ".timeline .range span").text
    browser.execute_script("arguments[0].focus()", canvas)
    before = caption()
    canvas.send_keys("+")
    zoomed = caption()
    canvas.send_keys(Keys.ARROW_RIGHT)
    moved = caption()
    canvas.send_keys(".")
    result["tip"] = browser.find_element(By.ID, "tip").text
    canvas.send_keys("0")
    result["zoom"] = [before, zoomed, moved, caption()]

    # Sort a table by keyboard: the first column of numbers, downwards and upwards.
    button = browser.find_elements(By.CSS_SELECTOR, "#detail-panel table")[0].find_elements(By.CSS_SELECTOR, "th button")[1]
    column = lambda: [cell.text for cell in browser.find_elements(By.CSS_SELECTOR, "#detail-panel table")[0]
                      .find_elements(By.CSS_SELECTOR, "tbody td:nth-child(2)")]
    button.send_keys(Keys.ENTER)
    down = column()
    button.send_keys(Keys.ENTER)
    result["sorted"] = [down, column()]
    # The next image's tab.
    tab = browser.find_element(By.CSS_SELECTOR, "[role=tab][aria-selected=true]")
    first = tab.text
    tab.send_keys(Keys.ARROW_RIGHT)
    result["tabs"] = [first, browser.find_element(By.CSS_SELECTOR, "[role=tab][aria-selected=true]").text]

    # Both schemes, by the system's preference and by the buttons; contrast of text against its ground.
    def colours():
        return browser.execute_script("""
          const rgb = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
          const light = (c) => c.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
          const ground = light(rgb(getComputedStyle(document.body).backgroundColor));
          const worst = Math.min(...[...document.querySelectorAll('h1,.note,.lede,nav a,dt,dd,.total,.eyebrow')].map((e) => {
            const ink = light(rgb(getComputedStyle(e).color));
            return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
          }));
          return {ground, contrast: worst};""")
    def prefer(scheme):
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    prefer("light")
    result["light"] = colours()
    browser.save_screenshot(light)
    prefer("dark")
    result["dark"] = colours()
    browser.save_screenshot(dark)
    browser.find_element(By.CSS_SELECTOR, "[data-scheme=light]").send_keys(Keys.ENTER)
    result["chosen"] = colours()

    result["console"] = [entry["message"] for entry in browser.get_log("browser")]
    result["requests"] = [
        url for url in (json.loads(entry["message"])["message"].get("params", {}).get("request", {}).get("url")
                        for entry in browser.get_log("performance"))
        if url and not url.startswith(("file://" + page, "data:"))]
finally:
    browser.quit()
print(json.dumps(result))
