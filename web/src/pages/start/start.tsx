import { useState } from "preact/hooks";

import { api, type Schemas, take } from "../../api/client";
import { Icon } from "../../components/icon";
import { Empty, ProblemNote, Skeleton } from "../../components/state";
import { useTitle } from "../../components/title";
import { useLoad } from "../../load";
import { isAdmin } from "../../session/session";
import { texts } from "../../texts";
import { FirstRun } from "./first-run";

const words = texts.start;

type App = Schemas["AppSummary"];

/** The apps that the person may start, by category. */
export function Start() {
  useTitle(words.title);
  const apps = useLoad<readonly App[]>("apps", async () => (await take(api.GET("/api/v1/apps"))).items);
  const [text, setText] = useState("");
  const [category, setCategory] = useState<string | null>(null);
  const startable = (apps.data ?? []).filter((app) => app.may.includes("start"));
  const wanted = text.trim().toLocaleLowerCase();
  const shown = startable.filter(
    (app) =>
      (category === null || app.category === category) &&
      (app.name.toLocaleLowerCase().includes(wanted) || app.code.toLocaleLowerCase().includes(wanted)),
  );
  const categories = [...new Set(startable.map((app) => app.category))].sort((a, b) =>
    a === "" ? 1 : b === "" ? -1 : a.localeCompare(b),
  );

  return (
    <>
      <div class="top">
        <h1>{words.title}</h1>
      </div>
      {apps.problem !== null && <ProblemNote problem={apps.problem} onRetry={apps.reload} />}
      {apps.data === null && apps.problem === null && <Skeleton lines={4} />}
      {apps.data !== null &&
        startable.length === 0 &&
        (apps.data.length === 0 && isAdmin.value ? <FirstRun /> : <NothingToStart />)}
      {startable.length > 0 && (
        <>
          <search class="filters">
            <div class="find">
              <Icon name="search" />
              <input
                type="search"
                aria-label={words.find}
                placeholder={words.find}
                value={text}
                onInput={(event) => setText(event.currentTarget.value)}
              />
            </div>
            {categories.length > 1 &&
              [null, ...categories].map((one) => (
                <button
                  key={one}
                  class="chip"
                  type="button"
                  aria-pressed={category === one}
                  onClick={() => setCategory(one)}
                >
                  {one === null ? words.all : one === "" ? words.other : one}
                </button>
              ))}
          </search>
          {categories.map((one) => (
            <Category key={one} name={one} apps={shown.filter((app) => app.category === one)} />
          ))}
          {shown.length === 0 && (
            <div class="sheet">
              <Empty icon="search" title={words.noMatch(text)} />
            </div>
          )}
        </>
      )}
    </>
  );
}

function NothingToStart() {
  return (
    <div class="sheet">
      <Empty icon="play" title={words.none} say={words.noneSay} />
    </div>
  );
}

function Category({ name, apps }: { name: string; apps: readonly App[] }) {
  if (apps.length === 0) {
    return null;
  }
  return (
    <section>
      <h2 class="cat">{name === "" ? words.other : name}</h2>
      <ul class="cards">
        {apps.map((app) => (
          <li key={app.id}>
            <div class="card sheet">
              <span class="k">
                <Icon name="play" />
              </span>
              <b>
                <a href={`/start/${app.code}`}>{app.name}</a>
              </b>
              {app.description !== "" && <span class="quiet small">{app.description}</span>}
              <span class="meta">{words.meta(app.code, app.version)}</span>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
