import { useEffect, useRef } from "preact/hooks";

import { api, type Schemas, take } from "../../api/client";
import { ProblemNote, Skeleton } from "../../components/state";
import { useTitle } from "../../components/title";
import { useLoad } from "../../load";
import { learnGroups, learnPeople } from "../../people";
import { type Progress, readProgress } from "../../progress/progress";
import { NotFound } from "../missing/not-found";
import { Body } from "./body";
import { useHistory } from "./history";
import { type App, type InstanceView, isOpen } from "./rights";
import { namesGroups, peopleIn } from "./values";

export type Part = "overview" | "files" | "history" | "calls";

type Props = { instance?: string; part?: string };

/** One instance: what stopped it, where it stands, its values, files and history. */
export function Instance({ instance = "", part = "overview" }: Props) {
  const view = useLoad<InstanceView>(`instance ${instance}`, () => readInstance(instance));
  const shown = view.data;
  const app = useApp(shown);
  const progress = useProgress(shown);
  const apps = useLoad<readonly Schemas["AppSummary"][]>(
    "apps",
    async () => (await take(api.GET("/api/v1/apps"))).items,
  );
  const stops = useStops(shown);
  const history = useHistory(shown);
  useTitle(shown === null ? instance : shown.title === "" ? shown.identifier : `${shown.title}, ${shown.identifier}`);
  useNames(shown, app);

  async function reload() {
    await Promise.all([view.reload(), progress.reload(), stops.reload(), history.reload()]);
  }
  useReloading(reload, shown === null ? null : pauseMs(shown, stops.data ?? NO_STOPS));

  if (view.problem?.status === 404 || !isPart(part)) {
    return <NotFound />;
  }
  if (shown === null) {
    return view.problem === null ? (
      <Skeleton lines={8} />
    ) : (
      <ProblemNote problem={view.problem} onRetry={view.reload} />
    );
  }
  return (
    <>
      {view.problem !== null && <ProblemNote problem={view.problem} onRetry={view.reload} />}
      <Body
        view={shown}
        app={app}
        apps={apps.data ?? []}
        progress={progress}
        stops={stops.data ?? NO_STOPS}
        history={history}
        part={part}
        onChange={reload}
      />
    </>
  );
}

const SOON_MS = 2_500;
const LATER_MS = 30_000;
/** A call that has waited for longer waits for a person, or for its next attempt. */
const FRESH_MS = 60_000;

/** How long until the page is read again: soon while something runs by itself; null for what has ended. */
function pauseMs(view: InstanceView, stops: Stops): number | null {
  if (view.state !== "running") {
    return null;
  }
  const isWaiting = view.tasks.some(isOpen) || view.waits.length > 0 || stops.incidents.length > 0;
  const isRunning = stops.calls.some(
    (call) => call.state === "waiting" && Date.now() - new Date(call.opened_at).getTime() < FRESH_MS,
  );
  return isWaiting && !isRunning ? LATER_MS : SOON_MS;
}

/** Read again after a pause, and whenever the page comes into sight. */
function useReloading(reload: () => Promise<void>, everyMs: number | null): void {
  const latest = useRef(reload);
  latest.current = reload;
  useEffect(() => {
    const look = () => void (document.visibilityState === "visible" && latest.current());
    const timer = everyMs === null ? undefined : setInterval(look, everyMs);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [everyMs]);
}

function isPart(part: string): part is Part {
  return part === "overview" || part === "files" || part === "history" || part === "calls";
}

async function readInstance(instance: string): Promise<InstanceView> {
  // an identifier such as EVA-41 is taken like a number, which the description does not say
  return take(
    api.GET("/api/v1/instances/{instance}", { params: { path: { instance: instance as unknown as number } } }),
  );
}

/** The version of the app that an instance runs on; null while it is read, and for those who see own work only. */
function useApp(view: InstanceView | null): App | null {
  const { app: code, version } = view ?? { app: "", version: 0 };
  const app = useLoad<App | null>(`app ${code} ${version}`, async () =>
    code === ""
      ? null
      : take(api.GET("/api/v1/apps/{app}/versions/{version}", { params: { path: { app: code, version } } })),
  );
  return app.data;
}

/** Where the instance stands; on its way until the instance is known. */
function useProgress(view: InstanceView | null) {
  return useLoad<Progress>(`progress ${view?.id ?? ""}`, () =>
    view === null ? new Promise<Progress>(() => {}) : readProgress(view.id),
  );
}

export type Stops = { calls: readonly Schemas["Call"][]; incidents: readonly Schemas["Incident"][] };
const NO_STOPS: Stops = { calls: [], incidents: [] };

/** The calls and open incidents of an instance, which only those see who may see the whole. */
function useStops(view: InstanceView | null) {
  const id = view?.sight === "whole" ? view.id : 0;
  return useLoad<Stops>(`stops ${id}`, async () => {
    if (id === 0) {
      return NO_STOPS;
    }
    const params = { path: { instance: id } };
    const [calls, incidents] = await Promise.all([
      take(api.GET("/api/v1/instances/{instance}/calls", { params })),
      take(api.GET("/api/v1/incidents", { params: { query: { instance: id } } })),
    ]);
    return { calls: calls.items, incidents: incidents.items };
  });
}

/** Read the names of all who are mentioned. */
function useNames(view: InstanceView | null, app: App | null): void {
  useEffect(() => {
    if (view === null) {
      return;
    }
    const files = [...Object.values(view.files).flat(), ...view.attachments];
    void learnPeople([
      view.starter,
      ...files.map((file) => file.created_by),
      ...view.tasks.flatMap((task) => [task.holder, task.closed_by]),
      ...peopleIn(view, app),
    ]);
    if (namesGroups(app) || view.tasks.some((task) => task.group !== null && task.holder === null)) {
      void learnGroups();
    }
  }, [view, app]);
}
