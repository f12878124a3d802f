import { useMemo } from "preact/hooks";
import { useLocation } from "preact-iso";

import type { Schemas } from "../../api/client";
import { Icon } from "../../components/icon";
import { useAttached } from "../../files/add-files";
import type { StoredFile } from "../../files/file";
import { Viewer } from "../../files/viewer";
import { number } from "../../format";
import type { Loaded } from "../../load";
import { personName } from "../../people";
import type { Progress } from "../../progress/progress";
import { texts } from "../../texts";
import { Calls } from "./calls";
import { CommentBox } from "./comment";
import { allFiles, PlaceOfFiles, placesOf, whereOf } from "./files";
import { Header } from "./header";
import { RecentHistory, WholeHistory } from "./history";
import { Incidents } from "./incidents";
import type { Part, Stops } from "./instance";
import type { App, InstanceView } from "./rights";
import type { Event } from "./sentences";
import { YourTasks } from "./tasks";
import { Values } from "./values";
import { Where } from "./where";

const words = texts.instance;
const RECENT = 6;

type Props = {
  view: InstanceView;
  app: App | null;
  apps: readonly Schemas["AppSummary"][];
  progress: Loaded<Progress>;
  stops: Stops;
  history: Loaded<readonly Event[]>;
  part: Part;
  onChange: () => Promise<void>;
};

/** The page of an instance that is there. */
export function Body({ view, app, apps, progress, stops, history, part, onChange }: Props) {
  const { query } = useLocation();
  const files = useMemo(() => allFiles(view, app), [view, app]);
  const here = addressOf(view, part);
  const names = useMemo(
    () => new Map(progress.data?.elements.map((element) => [element.id, element.name])),
    [progress.data],
  );
  const elementName = (element: string) => names.get(element) ?? element;
  const known = { view, app, files: new Map(files.map((file) => [file.id, file])), elementName };
  const changed = () => void onChange();
  useAttached(view.id, changed);
  const places = {
    view,
    isCompact: part === "overview",
    addressOf: (file: StoredFile) => `${here}?file=${file.id}`,
    onChange: changed,
  };
  const isWide = part === "files" || part === "calls";
  const hasHistory = view.may.includes("history");
  const hasSide = hasHistory || view.may.includes("comment");
  const side = view.may.includes("comment") && <CommentBox instance={view.id} onDone={changed} />;

  return (
    <>
      <Header
        view={view}
        app={app}
        apps={apps}
        files={files}
        isStopped={stops.incidents.length > 0}
        onChange={changed}
      />
      {view.sight === "own" && (
        <div class="note info">
          <Icon name="info" />
          <div class="say">{words.own}</div>
        </div>
      )}
      <Incidents view={view} incidents={stops.incidents} nameOf={elementName} onChange={onChange} />
      <YourTasks view={view} />
      {part === "overview" && <Where view={view} progress={progress} />}
      <Tabs
        view={view}
        part={part}
        files={files.length}
        events={hasHistory ? (history.data?.length ?? null) : null}
        calls={stops.calls.length}
      />
      <div class={hasSide && !isWide ? "two" : "stack"}>
        <div class="stack">
          {part === "overview" && <Values view={view} app={app} apps={new Set(apps.map((one) => one.code))} />}
          {part === "calls" && <Calls stops={stops} files={files} here={here} nameOf={elementName} />}
          {part !== "history" &&
            part !== "calls" &&
            placesOf(view, app, part === "files").map((place) => (
              <PlaceOfFiles key={place.id} place={place} {...places} />
            ))}
          {part === "history" && hasHistory && <WholeHistory events={history} known={known} />}
          {part === "history" && !hasHistory && <p class="quiet">{words.noHistory}</p>}
        </div>
        {hasSide && !isWide && (
          <aside class="side">
            {side}
            {part === "overview" && hasHistory && (
              <RecentHistory events={history} known={known} most={RECENT} all={addressOf(view, "history")} />
            )}
          </aside>
        )}
      </div>
      {query.file !== undefined && (
        <ShownFile view={view} app={app} files={files} number={Number(query.file)} here={here} onChange={changed} />
      )}
    </>
  );
}

function addressOf(view: InstanceView, part: Part): string {
  return `/i/${view.identifier}${part === "overview" ? "" : `/${part}`}`;
}

type TabsProps = { view: InstanceView; part: Part; files: number; events: number | null; calls: number };

function Tabs({ view, part, files, events, calls }: TabsProps) {
  const counts = { overview: null, files, history: events, calls };
  const parts: Part[] = ["overview", "files"];
  if (view.may.includes("history")) {
    parts.push("history");
  }
  if (calls > 0 || part === "calls") {
    parts.push("calls");
  }
  return (
    <nav class="tabs not-print" aria-label={words.tabsLabel}>
      {parts.map((one) => (
        <a key={one} href={addressOf(view, one)} aria-current={one === part ? "page" : undefined}>
          {words.tabs[one]}
          {counts[one] !== null && <span class="n">{number(counts[one])}</span>}
        </a>
      ))}
    </nav>
  );
}

type ShownProps = {
  view: InstanceView;
  app: App | null;
  files: readonly StoredFile[];
  number: number;
  here: string;
  onChange: () => void;
};

/** The file that the page's address names, over the page. */
function ShownFile({ view, app, files, number: id, here, onChange }: ShownProps) {
  const { route } = useLocation();
  const stored = files.filter((file) => file.kind === "stored");
  const file = stored.find((one) => one.id === id);
  const close = () => route(here, true);
  if (file === undefined) {
    return (
      <div class="note warn" role="alert">
        <Icon name="file" />
        <div class="say">{texts.file.notHere}</div>
        <button class="button" type="button" onClick={close}>
          {texts.close}
        </button>
      </div>
    );
  }
  return (
    <Viewer
      file={file}
      files={stored}
      whereOf={(one) => whereOf(view, app, one)}
      nameOf={personName}
      onMove={(to) => route(`${here}?file=${to.id}`, true)}
      onClose={close}
      onChange={onChange}
    />
  );
}
