import { useEffect, useState } from "preact/hooks";

import { asProblem, type Problem } from "../api/problem";
import { Icon } from "../components/icon";
import { ProblemNote } from "../components/state";
import { dayAndTime, fullTime, number, span } from "../format";
import { texts } from "../texts";
import { AddressInput } from "./copy-link";
import type { StoredFile } from "./file";
import { copyText, type Link, makeLink } from "./links";

const words = texts.file;
const SECOND_MS = 1000;
const LIFETIMES_S = [300, 3_600, 86_400, 604_800] as const;

type Props = { file: StoredFile; where: string; nameOf: (person: number) => string };

/** Beside a shown file: a link for others, and what is known of it. */
export function About({ file, where, nameOf }: Props) {
  return (
    <aside class="about" aria-label={words.about(file.name)}>
      <MakeLink key={file.id} file={file} />
      <section aria-label={texts.details}>
        <h3>{texts.details}</h3>
        <dl class="defs">
          <dt>{words.where}</dt>
          <dd>{where}</dd>
          {file.description !== "" && (
            <>
              <dt>{words.description}</dt>
              <dd>{file.description}</dd>
            </>
          )}
          <dt>{words.type}</dt>
          <dd>{[file.media_type, dimensions(file)].filter((part) => part !== null).join(", ")}</dd>
          {file.size !== null && (
            <>
              <dt>{words.size}</dt>
              <dd class="mono">{words.bytes(number(file.size))}</dd>
            </>
          )}
          <dt>{words.by}</dt>
          <dd>{file.created_by === null ? texts.product : nameOf(file.created_by)}</dd>
          <dt>{words.kept}</dt>
          <dd title={fullTime(file.created_at)}>{dayAndTime(file.created_at)}</dd>
          {file.sha256 !== null && (
            <>
              <dt>{words.hash}</dt>
              <dd>
                <code>{file.sha256}</code>
              </dd>
            </>
          )}
        </dl>
      </section>
    </aside>
  );
}

function dimensions(file: StoredFile): string | null {
  const { width, height } = file.metadata;
  return typeof width === "number" && typeof height === "number" ? `${number(width)} × ${number(height)}` : null;
}

/** Each link is new; how long it still works is shown beside it. */
function MakeLink({ file }: { file: StoredFile }) {
  const [lifetimeS, setLifetime] = useState<number>(LIFETIMES_S[0]);
  const [isShown, setShown] = useState(true);
  const [link, setLink] = useState<Link | null>(null);
  const [isCopied, setCopied] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const leftMs = useLeft(link?.expires_at ?? null);

  async function make() {
    try {
      const made = await makeLink(file, { lifetimeS, isShown });
      setLink(made);
      setProblem(null);
      setCopied(await copyText(made.url));
    } catch (error) {
      setProblem(asProblem(error));
    }
  }

  return (
    <section aria-label={words.link}>
      <h3>{words.link}</h3>
      <div class="stack">
        {problem !== null && <ProblemNote problem={problem} />}
        {link !== null && (
          <div class="field">
            <span class="small">{isCopied ? words.linkIsCopied : words.linkShown}</span>
            <AddressInput address={link.url} label={words.linkFor(file.name)} />
            <span class="row-of" role="status">
              <span class={leftMs > 0 ? "badge warn" : "badge bad"}>
                <Icon name="clock" />
                {leftMs > 0 ? words.linkTime(exactSpan(leftMs)) : words.linkOver}
              </span>
            </span>
          </div>
        )}
        <div class="field">
          <label for="link-lifetime">
            <span class="small">{words.linkLifetime}</span>
          </label>
          <select
            id="link-lifetime"
            value={lifetimeS}
            onChange={(event) => setLifetime(Number(event.currentTarget.value))}
          >
            {LIFETIMES_S.map((seconds) => (
              <option key={seconds} value={seconds}>
                {span(seconds * SECOND_MS)}
              </option>
            ))}
          </select>
        </div>
        <label class="tick">
          <input type="checkbox" checked={isShown} onChange={(event) => setShown(event.currentTarget.checked)} />
          <span>{words.linkInBrowser}</span>
        </label>
        <button class="button" type="button" onClick={make}>
          <Icon name="link" />
          {words.makeLink}
          <span class="visually-hidden">{words.toFile(file.name)}</span>
        </button>
        <p class="small quiet">{words.linkSay}</p>
      </div>
    </section>
  );
}

/** The milliseconds until a time, counted down while the page shows them. */
function useLeft(until: string | null): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (until === null) {
      return;
    }
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), SECOND_MS);
    return () => clearInterval(timer);
  }, [until]);
  return until === null ? 0 : new Date(until).getTime() - now;
}

/** Minutes and seconds below an hour, otherwise the largest unit. */
function exactSpan(ms: number): string {
  const seconds = Math.ceil(ms / SECOND_MS);
  return seconds < 3_600 ? words.minutes(Math.floor(seconds / 60), seconds % 60) : span(ms);
}
