import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

import { send } from "../api/client";
import { asProblem, type Problem, problemOf } from "../api/problem";
import { Empty, ProblemNote, Skeleton } from "../components/state";
import { bytes } from "../format";
import { texts } from "../texts";
import { contentAddress, lookOf, previewAddress, type StoredFile } from "./file";

const words = texts.file;
const MOST_TEXT_BYTES = 200_000;
const MOST_PDF_BYTES = 64_000_000;

type Props = {
  file: StoredFile;
  /** Whether an image has its own size instead of that of the stage. */
  isActual: boolean;
  /** Where nothing can be shown. */
  download: ComponentChildren;
};

/** A file's content as far as a browser may show it; SVG and HTML never are. */
export function Stage({ file, isActual, download }: Props) {
  const look = lookOf(file);
  if (look === "image" || look === "preview") {
    return <Image file={file} isActual={isActual} download={download} />;
  }
  if (look === "pdf" && (file.size ?? 0) <= MOST_PDF_BYTES) {
    return <Pdf file={file} />;
  }
  if (look === "text") {
    return <Text file={file} />;
  }
  return <NoPreview download={download} />;
}

function NoPreview({ download }: { download: ComponentChildren }) {
  return (
    <Empty icon="file" title={words.noPreview}>
      {download}
    </Empty>
  );
}

/** The small picture at once, the whole one as soon as it is there. */
function Image({ file, isActual, download }: Props) {
  const [state, setState] = useState<"small" | "whole" | "none">("small");
  const isShowable = lookOf(file) === "image";

  useEffect(() => {
    if (!isShowable) {
      return;
    }
    const whole = new window.Image();
    whole.onload = () => setState("whole");
    whole.src = contentAddress(file, "inline");
    return () => {
      whole.onload = null;
      whole.src = "";
    };
  }, [file, isShowable]);

  if (state === "none") {
    return <NoPreview download={download} />;
  }
  return (
    <img
      class={[isActual ? "actual" : "", file.media_type === "image/png" ? "on-paper" : ""].join(" ")}
      src={state === "whole" ? contentAddress(file, "inline") : previewAddress(file)}
      alt={file.description || file.name}
      onError={() => setState(isShowable && state === "small" ? "whole" : "none")}
    />
  );
}

/** Chromium shows PDFs only in frames without a sandbox: the bytes are fetched and passed to one, as a PDF always. */
function Pdf({ file }: { file: StoredFile }) {
  const [address, setAddress] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);

  useEffect(() => {
    const stop = new AbortController();
    let made: string | null = null;
    fetchContent(file, stop.signal)
      .then(async (answer) => new Blob([await answer.arrayBuffer()], { type: "application/pdf" }))
      .then((blob) => {
        if (!stop.signal.aborted) {
          made = URL.createObjectURL(blob);
          setAddress(made);
        }
      })
      .catch((error) => stop.signal.aborted || setProblem(asProblem(error)));
    return () => {
      stop.abort();
      if (made !== null) {
        URL.revokeObjectURL(made);
      }
    };
  }, [file]);

  if (problem !== null) {
    return <ProblemNote problem={problem} />;
  }
  return address === null ? <Skeleton lines={3} /> : <iframe class="pages" src={address} title={file.name} />;
}

function Text({ file }: { file: StoredFile }) {
  const [text, setText] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const isCut = (file.size ?? 0) > MOST_TEXT_BYTES;

  useEffect(() => {
    const stop = new AbortController();
    fetchContent(file, stop.signal, isCut ? `bytes=0-${MOST_TEXT_BYTES - 1}` : null)
      .then((answer) => answer.text())
      .then((found) => setText(found.slice(0, MOST_TEXT_BYTES)))
      .catch((error) => stop.signal.aborted || setProblem(asProblem(error)));
    return () => stop.abort();
  }, [file, isCut]);

  if (problem !== null) {
    return <ProblemNote problem={problem} />;
  }
  if (text === null) {
    return <Skeleton lines={3} />;
  }
  return (
    <div class="plain-text">
      {isCut && <p class="quiet small">{words.tooLargeText(bytes(MOST_TEXT_BYTES))}</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
      <pre tabIndex={0}>{text}</pre>
    </div>
  );
}

/** @throws Problem the file is gone, or may not be seen. */
async function fetchContent(file: StoredFile, signal: AbortSignal, range: string | null = null): Promise<Response> {
  const headers = range === null ? {} : { Range: range };
  const answer = await send(new Request(new URL(contentAddress(file, "inline"), location.href), { headers, signal }));
  if (!answer.ok) {
    throw await problemOf(answer);
  }
  return answer;
}
