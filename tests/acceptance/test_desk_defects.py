"""What was once wrong at the desk: rows of another list, old results, lists that stand still, a keyboard that is nowhere."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Error, Locator, Route, expect

from tests.acceptance.conftest import Begin, choose
from tests.acceptance.test_orders import network
from tests.harness.centre import Centre
from tests.harness.desk_driver import Agent, Browser
from tests.harness.patience import until
from tests.harness.sip_phone import Phone

AGAIN = "13700000041"
KEEPER_PAGES = ("tickets", "calls", "customers", "people", "departments", "lexicon", "audit", "system")


@pytest.fixture(scope="module")
async def one_browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """For all tests of this file: to start one takes longer than most of them."""
    folder = tmp_path_factory.mktemp("defects")
    async with Browser(folder / "browser", pictures=folder) as browser:
        yield browser


@pytest.fixture
async def chromium(one_browser: Browser) -> AsyncIterator[Browser]:
    """Nobody is logged in, before and after."""
    one_browser.faults.clear()
    yield one_browser
    await one_browser.forget()
    one_browser.assert_clean()


async def keeper(centre: Centre, browser: Browser) -> Agent:
    return await browser.log_in(centre.url, "admin", centre.people["admin"].password)


async def test_a_view_never_stands_over_the_rows_of_another_while_it_loads(centre: Centre, chromium: Browser) -> None:
    async with await centre.desk("anna") as desk:
        await desk.post("/api/tickets", key="key-views-0001", fields={"kind": "complaint", "description": "旧的一行"})
    anna = await chromium.log_in(centre.url, "anna", centre.people["anna"].password)
    await anna.page.goto(f"{centre.url}/tickets?view=draft")
    await expect(anna.at("ticket-row").first).to_be_visible()
    held, go = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        held.set()
        await go.wait()
        await route.continue_()

    await anna.page.route("**/api/tickets?state=closed*", hold)
    await anna.at("view-closed").click()
    await held.wait()
    await expect(anna.at("view-closed")).to_have_attribute("aria-pressed", "true")
    await expect(anna.at("ticket-row")).to_have_count(0)
    go.set()
    await anna.page.unroute_all(behavior="wait")
    await anna.at("view-draft").click()
    await expect(anna.at("ticket-row").first).to_be_visible()


async def test_a_file_chosen_again_shows_nothing_of_the_one_before(centre: Centre, chromium: Browser) -> None:
    office = await keeper(centre, chromium)
    await office.page.goto(f"{centre.url}/customers")
    await office.page.get_by_role("button", name="导入客户").click()
    dialog, file = office.page.get_by_role("dialog"), office.at("import-file")
    first = "号码,姓名\n13700000001,先来的\n".encode()
    await file.set_input_files({"name": "first.csv", "mimeType": "text/csv", "buffer": first})
    await expect(dialog).to_contain_text("先来的")
    held, go = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        held.set()
        await go.wait()
        await route.continue_()

    await office.page.route("**/api/customer-imports?name=second*", hold)
    second = "号码,姓名\n13700000002,后来的\n".encode()
    await file.set_input_files({"name": "second.csv", "mimeType": "text/csv", "buffer": second})
    await held.wait()
    await expect(dialog).not_to_contain_text("先来的")
    go.set()
    await expect(dialog).to_contain_text("后来的")
    await expect(dialog).not_to_contain_text("先来的")


async def at_rest(thing: Locator) -> dict[str, float]:
    """Where it stands, once its face is there and two looks agree."""
    looks: list[dict[str, float]] = []

    async def twice() -> bool:
        looks.append(dict(await thing.bounding_box() or {}))
        return len(looks) > 1 and looks[-2] == looks[-1]

    await thing.page.evaluate("document.fonts.ready.then(() => true)")
    await until(twice, "a row that stands still")
    return looks[-1]


async def test_customers_follow_others_without_a_jump_and_the_audit_follows_by_itself(centre: Centre, chromium: Browser) -> None:
    made = await centre.admin.post("/api/customers", number="13700000011", name="跟随一", tier="normal", note="")
    office = await keeper(centre, chromium)
    async with office.page.expect_response("**/api/me/lists"):  # one's own views stand above the rows
        await office.page.goto(f"{centre.url}/customers?q=1370000001")
    row = office.at("customer-row").filter(has_text="跟随一")
    await expect(row).to_be_visible()
    stands = await at_rest(row)
    await centre.admin.put(f"/api/customers/{made['id']}", number="13700000011", name="跟随一改", tier="big", note="")
    await expect(office.at("customer-row").filter(has_text="跟随一改")).to_be_visible()
    assert await office.at("customer-row").filter(has_text="跟随一改").bounding_box() == stands

    await office.page.goto(f"{centre.url}/audit")
    top = office.page.get_by_role("row").nth(1)
    await expect(top).to_contain_text("修改客户")  # and not that it is being read
    was = await top.inner_text()
    await centre.admin.put(f"/api/customers/{made['id']}", number="13700000011", name="跟随一再改", tier="big", note="")
    await expect(office.at("fresh")).to_be_visible()
    assert await top.inner_text() == was  # what one reads stays where it is
    await office.at("fresh").click()
    await expect(top).to_contain_text("修改客户")


async def test_the_list_of_tickets_is_asked_for_by_severity_and_channel(centre: Centre, chromium: Browser) -> None:
    """SPEC O6: by keys or a click, in the address (so a saved view has it), with a chip that takes it away."""
    made = []
    async with await centre.desk("anna") as desk:
        for at, (severity, channel) in enumerate((("major", "letter"), ("major", "telephone"), ("ordinary", "letter"))):
            fields = {"description": f"按程度筛选 {at}", "severity": severity, "channel": channel}
            made.append(await desk.post("/api/tickets", key=f"facet-key-{at}", fields=fields))
    office = await keeper(centre, chromium)
    await office.page.goto(f"{centre.url}/tickets?view=draft")

    def row(at: int) -> Locator:
        return office.page.locator(f"[data-testid=ticket-row][data-ticket-id='{made[at]['id']}']")

    await expect(row(2)).to_be_visible()
    await office.choose(office.at("filter-severity"), "major")
    await expect(row(2)).to_have_count(0)
    await expect(row(1)).to_be_visible()
    await office.choose(office.at("filter-channel"), "letter")
    await expect(row(1)).to_have_count(0)
    await expect(row(0)).to_be_visible()
    await office.page.wait_for_url("**/tickets?*severity=major&channel=letter", wait_until="commit")
    await office.assert_accessible()
    await office.page.get_by_role("button", name="取消：程度：重大").click()
    await expect(office.at("filter-severity")).to_have_attribute("data-value", "")
    await expect(row(2)).to_be_visible()
    await expect(row(1)).to_have_count(0)


async def test_chosen_customers_are_taken_away_as_a_file_and_it_is_on_record(centre: Centre, chromium: Browser) -> None:
    await centre.admin.post("/api/customers", number="13700000021", name="=1+1", tier="big", note='他说"好"')
    await centre.admin.post("/api/customers", number="13700000022", name="第二位", tier="normal", note="")
    office = await keeper(centre, chromium)
    await office.page.goto(f"{centre.url}/customers?q=1370000002")
    await expect(office.at("customer-row")).to_have_count(2)
    await expect(office.at("export")).to_have_count(0)
    await office.at("choose-all").click()
    async with office.page.expect_download() as waited:
        await office.at("export").click()
    download = await waited.value
    assert download.suggested_filename == "customers.csv"
    text = (await asyncio.to_thread(Path(await download.path()).read_bytes)).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text, newline=""))) == [
        ["号码", "姓名", "级别", "备注"],
        ["13700000021", "'=1+1", "大客户", '他说"好"'],
        ["13700000022", "第二位", "普通客户", ""],
    ]
    await expect(office.page.get_by_text("已导出 customers.csv").first).to_be_visible()
    await office.assert_accessible()
    await office.room("audit")
    await expect(office.page.get_by_role("row").filter(has_text="导出客户").first).to_contain_text("行：2")


async def test_the_calls_list_shows_the_end_of_a_call_by_itself(centre: Centre, chromium: Browser) -> None:
    sql = """insert into call (id, number, number_sent, name_sent, dialled, started_at)
             values ('tingsu-4.1', '+8613700000031', '', '', '10000', now())"""
    await centre.query(sql)
    office = await keeper(centre, chromium)
    await office.page.goto(f"{centre.url}/calls?number=13700000031")
    row = office.at("call-row")
    await expect(row).to_contain_text("进行中")
    await centre.query("update call set ended_at = now(), outcome = 'abandoned' where id = 'tingsu-4.1'")
    await centre.query("select pg_notify('thing_changed', 'call tingsu-4.1 1')")
    await expect(row).to_contain_text("排队中放弃")


async def test_the_keyboard_is_at_the_heading_of_every_page_that_one_comes_to(centre: Centre, chromium: Browser) -> None:
    office = await keeper(centre, chromium)
    for room in KEEPER_PAGES:
        await office.room(room)
        await office.page.wait_for_url(f"**/{room}")
        await expect(office.page.locator("h1")).to_be_focused()


async def test_the_keyboard_is_at_the_heading_after_the_log_in_and_of_the_second_review(
    centre: Centre, chromium: Browser
) -> None:
    await centre.hire("hong", role="senior_agent", name="红")
    await centre.hire("ou", role="department_officer", name="欧", department=await network(centre.admin))
    for login, room in (("hong", "reviews"), ("ou", None)):
        desk = await chromium.log_in(centre.url, login, centre.people[login].password)
        await expect(desk.page.locator("h1")).to_be_focused()
        if room:
            await desk.room(room)
            await desk.page.wait_for_url(f"**/{room}")
            await expect(desk.page.locator("h1")).to_be_focused()
        await desk.assert_accessible()
        await chromium.forget()


async def test_who_calls_again_is_shown_with_their_earlier_cases_and_handed_on_by_the_palette(
    centre: Centre, anna: Agent, rings: Begin, phones: dict[str, Phone]
) -> None:
    fields = {"kind": "enquiry", "description": "上次问的是套餐", "customer_number": AGAIN, "answer": "已答复"}
    async with await centre.desk("anna") as desk:
        made = await desk.post("/api/tickets", key="key-earlier-0001", fields=fields)
        confirmed = await desk.post(f"/api/tickets/{made['id']}/confirm", version=made["version"])
        closed = await desk.post(f"/api/tickets/{made['id']}/close", version=confirmed["version"], closing="confirmed")
    await anna.page.goto(centre.url)
    await anna.ready()
    caller = await rings(number=AGAIN, name="Li")
    await choose(centre, caller, "1")
    await anna.wait_pop()
    await anna.answer()
    earlier = anna.at("earlier-cases")
    await expect(earlier.locator(f"[data-ticket-id='{made['id']}']")).to_contain_text(closed["number"])
    await expect(earlier).to_contain_text("上次问的是套餐")
    await expect(earlier).to_contain_text("已结")
    await anna.assert_accessible()
    await expect(anna.at("call-transfer")).to_be_enabled()
    await anna.page.keyboard.press("Control+k")
    await anna.at("palette-entry").fill("bt")
    colleague = anna.page.locator("[data-testid=palette-item][data-kind=person]").filter(has_text="1002")
    await expect(colleague).to_contain_text("转接")
    await colleague.click()
    await expect(anna.at("transfer-to")).to_have_value("1002")
    await expect(anna.at("transfer-to")).to_be_focused()
    await anna.page.keyboard.press("Escape")
    await expect(anna.at("transfer-to")).to_have_count(0)
    await anna.at("call-transfer").click()
    await expect(anna.at("transfer-to")).to_have_value("")  # who was chosen then is forgotten
    await anna.page.keyboard.press("Escape")
    await anna.hang_up()
    await anna.at("discard").click()
    await anna.at("ask-yes").click()
    await expect(anna.at("ask-yes")).to_have_count(0)


async def test_what_is_typed_in_a_call_without_a_network_is_there_once_it_is_back_and_after_a_reload(
    centre: Centre, anna: Agent, browser: Browser, rings: Begin
) -> None:
    await anna.page.goto(centre.url)
    await anna.ready()
    caller = await rings(number="13700000051", name="Wang")
    await choose(centre, caller, "1")
    await anna.wait_pop()
    await anna.answer()
    await anna.fill("description", "电话没有")
    form = anna.at("ticket-form")
    ticket = await form.get_attribute("data-ticket-id")
    async with browser.without_network():
        await anna.field("description").fill("电话没有声音")
        await anna.field("customer_name").fill("王先生")
        await expect(form).to_have_attribute("data-saving", "offline")
        await anna.room("customers")  # its code was never read
        await expect(anna.page.get_by_text("连不上服务器").first).to_be_visible()
        await expect(anna.field("description")).to_have_value("电话没有声音")
    await expect(form).to_have_attribute("data-saving", "saved")
    await anna.room("customers")
    await anna.page.wait_for_url("**/customers")
    async with browser.without_network():
        await anna.room("desk")
        await expect(form).to_have_attribute("data-ticket-id", str(ticket))
        await expect(anna.field("description")).to_have_value("电话没有声音")
        await expect(anna.field("customer_name")).to_have_value("王先生")
        await anna.field("answer").fill("明天上门")
        await expect(form).to_have_attribute("data-saving", "offline")
        with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
            await anna.page.reload()
    caller.hang_up()
    await anna.page.goto(centre.url)
    await expect(form).to_have_attribute("data-ticket-id", str(ticket))
    await expect(anna.field("answer")).to_have_value("明天上门")
    await expect(form).to_have_attribute("data-saving", "saved")
    row = (await centre.query("select description, customer_name, answer from ticket where id = $1", int(ticket or 0)))[0]
    assert tuple(row) == ("电话没有声音", "王先生", "明天上门")
    await anna.at("discard").click()
    await anna.at("ask-yes").click()
    await expect(anna.at("ask-yes")).to_have_count(0)
