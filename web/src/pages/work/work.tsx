import { useEffect, useState } from "preact/hooks";
import { useLocation } from "preact-iso";

import { api, type Schemas, take } from "../../api/client";
import { asProblem, type Problem } from "../../api/problem";
import { announce } from "../../components/announce";
import { Dialog } from "../../components/dialog";
import { Icon } from "../../components/icon";
import { Empty, ProblemNote, Skeleton } from "../../components/state";
import { useTitle } from "../../components/title";
import { areKeysOn } from "../../device/preferences";
import { counts, refreshCounts } from "../../frame/counts";
import { useLoad } from "../../load";
import { mayAnywhere } from "../../session/session";
import { texts } from "../../texts";
import { setNeighbours } from "../neighbours";
import { FirstRun } from "../start/first-run";
import { Choices, FindTasks } from "./choices";
import { addressOf, type Filters, filtersOf, isFiltered, queryOf } from "./filters";
import { useRowKeys } from "./keys";
import { Rows, type WorkItem } from "./rows";

const words = texts.work;
const PAGE = 50;

type List = { items: readonly WorkItem[]; next: string | null };

async function read(filters: Filters, cursor: string | null): Promise<List> {
  const query = { ...queryOf(filters), limit: PAGE, ...(cursor === null ? {} : { cursor }) };
  return take(api.GET("/api/v1/tasks", { params: { query } }));
}

/**
 * The tasks that wait for the person, those they may claim, those they completed.
 *
 * The filters come from the router: the address in the bar is another page's already while that page is fetched.
 */
export function Work({ query = {} }: { query?: Record<string, string> }) {
  const { route } = useLocation();
  const filters = filtersOf(query);
  const key = addressOf(filters);
  const list = useLoad<List>(key, () => read(filters, null));
  const apps = useLoad<readonly Schemas["AppSummary"][]>(
    "apps",
    async () => (await take(api.GET("/api/v1/apps"))).items,
  );
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isMore, setMore] = useState(false);
  const [isHelp, setHelp] = useState(false);
  const items = list.data?.items ?? [];
  useTitle(words.title);
  useEffect(() => {
    if (list.data !== null) {
      setNeighbours(
        list.data.items.map((item) => item.id),
        key,
      );
    }
  }, [list.data, key]);

  const go = (change: Partial<Filters>) => route(addressOf({ ...filters, ...change }), true);

  async function claim(item: WorkItem) {
    try {
      await take(api.POST("/api/v1/tasks/{task}/claim", { params: { path: { task: item.id } } }));
      announce(words.claimed(item.name), {
        action: { label: words.open, run: () => route(`/tasks/${item.id}`) },
      });
      setProblem(null);
    } catch (error) {
      setProblem(asProblem(error));
    }
    refreshCounts();
    await list.reload();
  }

  async function more() {
    if (list.data === null || list.data.next === null || isMore) {
      return;
    }
    setMore(true);
    try {
      const page = await read(filters, list.data.next);
      list.set({ items: [...list.data.items, ...page.items], next: page.next });
    } catch (error) {
      setProblem(asProblem(error));
    }
    setMore(false);
  }

  const at = useRowKeys(items, {
    open: (item) => route(`/tasks/${item.id}`),
    claim: (item) => item.may.includes("claim") && item.holder === null && void claim(item),
    start: () => route("/start"),
    help: () => setHelp(true),
  });

  return (
    <>
      <div class="top">
        <h1>{words.title}</h1>
        <span class="grow" />
        {mayAnywhere("start") && (
          <a class="button first" href="/start">
            <Icon name="plus" />
            {words.start}
            {areKeysOn.value && <kbd class="key not-phone">s</kbd>}
          </a>
        )}
      </div>
      <Tabs filters={filters} />
      <search class="filters">
        <FindTasks value={filters.q} onFind={(q) => go({ q })} />
        <Choices filters={filters} apps={apps.data ?? []} onChange={go} />
      </search>
      {problem !== null && <ProblemNote problem={problem} />}
      {list.problem !== null && <ProblemNote problem={list.problem} onRetry={list.reload} />}
      {list.data === null && list.problem === null && <Skeleton lines={8} />}
      {list.data !== null && items.length === 0 && (
        <Nothing filters={filters} apps={apps.data} onClear={() => go({ app: "", due: "any", q: "" })} />
      )}
      {items.length > 0 && (
        <>
          <Rows items={items} filters={filters} at={at} onClaim={claim} />
          {list.data?.next !== null && (
            <p class="row-of more-rows">
              <button class="button" type="button" onClick={more} aria-disabled={isMore}>
                {isMore ? words.loadingMore : words.moreRows}
              </button>
            </p>
          )}
          {areKeysOn.value && (
            <p class="hint">
              {words.keys.map(([keys, what]) => (
                <span key={keys}>
                  {keys.split(" ").map((one) => (
                    <kbd key={one} class="key">
                      {one}
                    </kbd>
                  ))}{" "}
                  {what}
                </span>
              ))}
            </p>
          )}
        </>
      )}
      {isHelp && <KeyHelp onClose={() => setHelp(false)} />}
    </>
  );
}

function Tabs({ filters }: { filters: Filters }) {
  const numbers = { mine: counts.value?.mine, offered: counts.value?.offered, done: undefined };
  return (
    <nav class="tabs" aria-label={words.which}>
      {(["mine", "offered", "done"] as const).map((tab) => (
        <a
          key={tab}
          href={addressOf({ ...filtersOf({ tab }), app: filters.app, q: filters.q })}
          aria-current={tab === filters.tab ? "page" : undefined}
        >
          {words.tabs[tab]} {numbers[tab] !== undefined && <span class="n">{numbers[tab]}</span>}
        </a>
      ))}
    </nav>
  );
}

type NothingProps = { filters: Filters; apps: readonly Schemas["AppSummary"][] | null; onClear: () => void };

function Nothing({ filters, apps, onClear }: NothingProps) {
  const empty = words.empty;
  const offered = counts.value?.offered ?? 0;
  if (isFiltered(filters)) {
    return (
      <div class="sheet">
        <Empty icon="search" title={empty.filtered} say={empty.filteredSay}>
          <button class="button first" type="button" onClick={onClear}>
            {empty.clear}
          </button>
        </Empty>
      </div>
    );
  }
  if (filters.tab === "mine" && apps !== null && apps.length === 0) {
    return <FirstRun />;
  }
  const say = { mine: empty.mineSay(offered), offered: empty.offeredSay, done: empty.doneSay }[filters.tab];
  return (
    <div class="sheet">
      <Empty icon="inbox" title={empty[filters.tab]} say={say}>
        {filters.tab === "mine" && offered > 0 ? (
          <a class="button first" href={addressOf(filtersOf({ tab: "offered" }))}>
            {empty.seeOffered}
          </a>
        ) : (
          mayAnywhere("start") && (
            <a class="button first" href="/start">
              <Icon name="plus" />
              {words.start}
            </a>
          )
        )}
      </Empty>
    </div>
  );
}

function KeyHelp({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={texts.keys.title} onClose={onClose}>
      <dl class="key-list">
        {texts.keys.list.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd class="key">{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <a class="link" href="/me">
        {texts.keys.off}
      </a>
    </Dialog>
  );
}
