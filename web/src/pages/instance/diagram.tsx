// The diagram of a process with what happened in it. Loaded only where it is shown: bpmn-js is larger than the page.

import "bpmn-js/dist/assets/bpmn-js.css";
import "./diagram.css";

import Viewer from "bpmn-js/lib/Viewer";
import { useEffect, useRef } from "preact/hooks";

import { ICONS, type IconName } from "../../components/icons";
import type { StepState } from "../../progress/progress";
import { texts } from "../../texts";
import type { Drawing } from "./drawing";
import { panning } from "./panning";

const words = texts.instance;
const LEAST_HEIGHT = 180;
const MOST_HEIGHT = 460;
const LEAST_SCALE = 0.7;
const MARGIN = 28;
/** The height that stays free below for the mark of bpmn.io. */
const LOGO = 24;
const SMALL = 60;
const FLAG_INSET = 30;

/** By the tokens of the page, so that the drawing follows its theme. */
const COLOURS = {
  defaultFillColor: "var(--sheet)",
  defaultStrokeColor: "var(--edge)",
  defaultLabelColor: "var(--ink)",
};

type Box = { x: number; y: number; width: number; height: number };
type Canvas = {
  viewbox(box?: Box): Box & { inner: Box; outer: { width: number; height: number }; scale: number };
  addMarker(element: string, marker: string): void;
  removeMarker(element: string, marker: string): void;
};
type Overlays = {
  add(element: string, overlay: { position: { top: number; right: number }; html: HTMLElement }): string;
  clear(): void;
};
type Elements = { get(id: string): (Box & { waypoints?: unknown }) | undefined };

type Props = {
  drawing: Drawing;
  states: ReadonlyMap<string, StepState>;
  /** What it says in a sentence. */
  label: string;
  onFail: () => void;
};

/** The drawn process; what is done, waits or failed by colour and by a sign. */
export function Diagram({ drawing, states, label, onFail }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const viewer = useRef<InstanceType<typeof Viewer> | null>(null);
  const latest = useRef({ states, onFail });
  latest.current = { states, onFail };

  useEffect(() => {
    const container = box.current;
    if (container === null) {
      return;
    }
    const shown = new Viewer({ container, bpmnRenderer: COLOURS });
    viewer.current = shown;
    let isGone = false;
    let stop = () => {};
    laidOut(drawing)
      .then((xml) => shown.importXML(xml))
      .then(() => {
        if (!isGone) {
          mark(shown, latest.current.states);
          fit(shown, container, latest.current.states);
          hideFromReaders(container);
          stop = panning(container, shown.get<Canvas>("canvas"));
        }
      })
      .catch((error) => {
        if (!isGone) {
          console.error(error);
          latest.current.onFail();
        }
      });
    return () => {
      isGone = true;
      stop();
      shown.destroy();
      viewer.current = null;
    };
  }, [drawing]);

  const isDrawn = (found: InstanceType<typeof Viewer>) => found.getDefinitions() !== undefined;
  useEffect(() => {
    if (viewer.current !== null && isDrawn(viewer.current)) {
      mark(viewer.current, states);
    }
  }, [states]);

  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move the drawing
    // biome-ignore lint/a11y/useSemanticElements: it is no set of form fields
    <div ref={box} class="drawing" role="group" aria-label={label} tabIndex={0} />
  );
}

/** The list says the same, in an order that can be read. */
function hideFromReaders(container: HTMLElement): void {
  const drawn = container.querySelector(".djs-container");
  drawn?.setAttribute("aria-hidden", "true");
  for (const element of drawn?.querySelectorAll("[tabindex]") ?? []) {
    element.setAttribute("tabindex", "-1");
  }
}

/** Return the document with positions of all elements. */
async function laidOut(drawing: Drawing): Promise<string> {
  if (drawing.isLaidOut) {
    return drawing.xml;
  }
  const { layoutProcess } = await import("bpmn-auto-layout");
  return layoutProcess(drawing.xml);
}

const MARKS: readonly StepState[] = ["done", "waiting", "failed", "cancelled"];
const FLAGS: Partial<Record<StepState, { icon: IconName; text: string }>> = {
  done: { icon: "check", text: words.legend.done },
  waiting: { icon: "clock", text: words.legend.waiting },
  failed: { icon: "alert", text: words.legend.failed },
};

function mark(viewer: InstanceType<typeof Viewer>, states: ReadonlyMap<string, StepState>): void {
  const canvas = viewer.get<Canvas>("canvas");
  const elements = viewer.get<Elements>("elementRegistry");
  const overlays = viewer.get<Overlays>("overlays");
  overlays.clear();
  for (const [element, state] of states) {
    const shape = elements.get(element);
    if (shape === undefined) {
      continue;
    }
    for (const other of MARKS) {
      canvas.removeMarker(element, `step-${other}`);
    }
    canvas.addMarker(element, `step-${state}`);
    const flag = FLAGS[state];
    if (flag !== undefined && shape.waypoints === undefined) {
      const isSmall = shape.width < SMALL; // an event or a gateway has room for the sign alone
      const html = flagElement(state, isSmall && state === "done" ? { ...flag, text: "" } : flag);
      overlays.add(element, { position: { top: isSmall ? 4 : 0, right: isSmall ? 6 : FLAG_INSET }, html });
    }
  }
}

function flagElement(state: StepState, flag: { icon: IconName; text: string }): HTMLElement {
  const element = document.createElement("span");
  element.className = flag.text === "" ? `step-flag sign ${state}` : `step-flag ${state}`;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "i");
  svg.setAttribute("viewBox", "0 0 24 24");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[flag.icon]);
  svg.append(path);
  element.append(svg, flag.text);
  return element;
}

/** Show the whole where it stays legible, otherwise the part where the process stands. */
function fit(
  viewer: InstanceType<typeof Viewer>,
  container: HTMLElement,
  states: ReadonlyMap<string, StepState>,
): void {
  const canvas = viewer.get<Canvas>("canvas");
  const elements = viewer.get<Elements>("elementRegistry");
  const inner = canvas.viewbox().inner;
  const width = container.clientWidth;
  const scale = Math.max(LEAST_SCALE, Math.min(1, width / (inner.width + 2 * MARGIN)));
  const height = Math.max(LEAST_HEIGHT, Math.min(MOST_HEIGHT, (inner.height + 2 * MARGIN) * scale + LOGO));
  container.style.height = `${height}px`;
  const seen = { width: width / scale, height: height / scale };
  const centre = { x: inner.x + inner.width / 2, y: inner.y + (inner.height + LOGO / scale) / 2 };
  if (seen.width < inner.width) {
    const at = [...states].filter(([, state]) => state === "waiting" || state === "failed");
    const shape = elements.get(at[at.length - 1]?.[0] ?? "");
    const middle = shape === undefined ? inner.x : shape.x + shape.width / 2;
    const left = inner.x - MARGIN + seen.width / 2;
    const right = inner.x + inner.width + MARGIN - seen.width / 2;
    centre.x = Math.max(left, Math.min(right, middle));
  }
  canvas.viewbox({ x: centre.x - seen.width / 2, y: centre.y - seen.height / 2, ...seen });
}
