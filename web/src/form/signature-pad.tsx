import { useEffect, useRef, useState } from "preact/hooks";
import type SignaturePadOf from "signature_pad";

import { texts } from "../texts";
import { fitted, pathOf } from "./strokes";

const words = texts.fields;
const INK = "#1d1f23"; // on white paper, in the dark theme too

type Props = {
  isRequired: boolean;
  isInvalid: boolean;
  /** All strokes, as SVG path data, after each one. */
  onStroke: (path: string) => void;
  onClear: () => void;
};

/** A sheet to sign on. It keeps its strokes when the device is turned. */
export function SignaturePad({ isRequired, isInvalid, onStroke, onClear }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const pad = useRef<SignaturePadOf | null>(null);
  const [isSigned, setSigned] = useState(false);
  const told = useRef(onStroke);
  told.current = onStroke;

  useEffect(() => {
    const sheet = canvas.current;
    let isGone = false;
    let end = () => {};
    import("signature_pad").then(
      ({ default: Pad }) => {
        if (!isGone && sheet !== null) {
          const made = new Pad(sheet, { penColor: INK, minWidth: 0.8, maxWidth: 2.6 });
          pad.current = made;
          made.addEventListener("endStroke", () => {
            setSigned(true);
            told.current(pathOf(made.toData()));
          });
          end = follow(sheet, made);
        }
      },
      () => {}, // without it, a picture can be uploaded
    );
    return () => {
      isGone = true;
      end();
      pad.current?.off();
    };
  }, []);

  return (
    <div class="pad" aria-invalid={isInvalid}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={isSigned ? words.signStored : `${words.signHere}${isRequired ? `, ${texts.task.required}` : ""}`}
      />
      {isSigned ? (
        <button
          class="button"
          type="button"
          onClick={() => {
            pad.current?.clear();
            setSigned(false);
            onClear();
          }}
        >
          {words.clear}
        </button>
      ) : (
        <span class="hint-line" aria-hidden="true">
          {words.signHere}
        </span>
      )}
    </div>
  );
}

/** Keep the canvas as sharp and as large as it is shown, with its strokes. */
function follow(canvas: HTMLCanvasElement, pad: SignaturePadOf): () => void {
  let width = 0;
  const fit = () => {
    const box = canvas.getBoundingClientRect();
    if (box.width === 0 || box.width === width) {
      return;
    }
    const ratio = Math.max(1, devicePixelRatio);
    const strokes = width === 0 ? [] : fitted(pad.toData(), width, box);
    canvas.width = Math.round(box.width * ratio);
    canvas.height = Math.round(box.height * ratio);
    canvas.getContext("2d")?.scale(ratio, ratio);
    width = box.width;
    pad.clear();
    pad.fromData(strokes);
  };
  const observer = new ResizeObserver(fit);
  observer.observe(canvas);
  fit();
  return () => observer.disconnect();
}
