import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";

import type { Schemas } from "../../api/client";
import { announce } from "../../components/announce";
import { Icon } from "../../components/icon";
import { Menu } from "../../components/menu";
import { ShownAddress } from "../../files/copy-link";
import type { StoredFile } from "../../files/file";
import { copyText } from "../../files/links";
import { bytes, dayAndTime, fullTime, plural } from "../../format";
import { personName } from "../../people";
import { texts } from "../../texts";
import { moveTexts } from "../../texts-moves";
import { listAddress } from "../neighbours";
import { CompleteDialog } from "./completing";
import { CancelDialog, DeleteDialog } from "./ending";
import { MoveDialog } from "./moving";
import { type App, completable, type InstanceView } from "./rights";

const words = texts.instance;

type Props = {
  view: InstanceView;
  app: App | null;
  apps: readonly Schemas["AppSummary"][];
  files: readonly StoredFile[];
  isStopped: boolean;
  onChange: () => void;
};

/** What the instance is, its state, and where it comes from. */
export function Header({ view, app, apps, files, isStopped, onChange }: Props) {
  const { route } = useLocation();
  const [shown, setShown] = useState<string | null>(null);
  const [asked, setAsked] = useState<"move" | "complete" | "cancel" | "delete" | null>(null);
  const address = `${location.origin}/i/${view.identifier}`;

  async function copy() {
    if (await copyText(address)) {
      announce(words.addressCopied);
    } else {
      setShown(address);
    }
  }

  function done() {
    setAsked(null);
    onChange();
  }

  return (
    <>
      <a class="crumb not-print" href={listAddress()}>
        <Icon name="left" />
        {texts.task.back}
      </a>
      <div class="top">
        <h1>{view.title === "" ? view.identifier : view.title}</h1>
        <StateBadge view={view} isStopped={isStopped} />
        <span class="grow" />
        <button class="button" type="button" onClick={copy}>
          <Icon name="link" />
          {words.copyAddress}
        </button>
        <Menu label={texts.more}>
          <button class="button plain" type="button" onClick={() => window.print()}>
            {texts.task.print}
          </button>
          {completable(view).length > 0 && (
            <button class="button plain" type="button" onClick={() => setAsked("complete")}>
              {moveTexts.completeAsk}
            </button>
          )}
          {view.may.includes("move") && (
            <button class="button plain" type="button" onClick={() => setAsked("move")}>
              {moveTexts.ask}
            </button>
          )}
          {view.may.includes("cancel") && (
            <button class="button plain danger" type="button" onClick={() => setAsked("cancel")}>
              {words.cancelAsk}
            </button>
          )}
          {view.may.includes("delete") && (
            <button class="button plain danger" type="button" onClick={() => setAsked("delete")}>
              {words.deleteAsk}
            </button>
          )}
        </Menu>
      </div>
      <p class="quiet small sub gap">{metaOf(view, app, apps, files)}</p>
      {asked === "move" && <MoveDialog view={view} onClose={() => setAsked(null)} onDone={done} />}
      {asked === "complete" && <CompleteDialog view={view} app={app} onClose={() => setAsked(null)} onDone={done} />}
      {asked === "cancel" && <CancelDialog view={view} onClose={() => setAsked(null)} onDone={done} />}
      {asked === "delete" && (
        <DeleteDialog
          view={view}
          onClose={() => setAsked(null)}
          onDone={() => {
            announce(words.deleted(view.identifier));
            route(listAddress());
          }}
        />
      )}
      {shown !== null && <ShownAddress address={shown} onClose={() => setShown(null)} />}
    </>
  );
}

function metaOf(
  view: InstanceView,
  app: App | null,
  apps: readonly Schemas["AppSummary"][],
  files: readonly StoredFile[],
) {
  const appName = app?.name ?? apps.find((one) => one.code === view.app)?.name ?? view.app;
  const by = view.starter === null ? words.satchel : personName(view.starter);
  const started = dayAndTime(view.started_at);
  const size = files.reduce((sum, file) => sum + (file.size ?? 0), 0);
  return (
    <>
      <span class="mono">{view.identifier}</span> · {words.meta.version(appName, view.version)} ·{" "}
      <span title={fullTime(view.started_at)}>{by === "" ? words.started(started) : words.startedBy(by, started)}</span>
      {view.ended_at !== null && (
        <span title={fullTime(view.ended_at)}> · {words.endedAt(dayAndTime(view.ended_at))}</span>
      )}
      {files.length > 0 && ` · ${plural(files.length, "file", "files")}, ${bytes(size)}`}
    </>
  );
}

const TONES: Record<string, string> = { running: "now", ended: "good", failed: "bad" };

function StateBadge({ view, isStopped }: { view: InstanceView; isStopped: boolean }) {
  const state = isStopped && view.state === "running" ? "stopped" : view.state;
  const isBad = state === "stopped" || state === "failed";
  const known: Record<string, string> = words.states;
  return (
    <span class={isBad ? "badge bad" : `badge ${TONES[state] ?? ""}`}>
      {isBad && <Icon name="alert" />}
      {state === "ended" && <Icon name="check" />}
      {known[state] ?? state}
    </span>
  );
}
