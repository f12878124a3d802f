import { useEffect, useState } from "preact/hooks";

import { Skeleton } from "../../components/state";
import { texts } from "../../texts";
import type { Drawing } from "./drawing";
import { type Step, statesOf } from "./progress";
import type { App } from "./rights";
import { Steps } from "./steps";

const words = texts.instance;
const WIDE = "(min-width: 721px)";

type Props = {
  identifier: string;
  steps: readonly Step[];
  app: App | null;
  /** Null where there is none that the person may see. */
  drawing: Drawing | "loading" | null;
};
type DiagramModule = typeof import("./diagram");

/** Where the instance stands: a diagram on a wide screen, a list on a phone and for screen readers, either on request. */
export function Where({ identifier, steps, app, drawing }: Props) {
  const [isDiagram, setDiagram] = useState(() => matchMedia(WIDE).matches);
  const [module, setModule] = useState<DiagramModule | "failed" | null>(null);
  const isShown = isDiagram && drawing !== null && module !== "failed";

  useEffect(() => {
    if (isShown && module === null) {
      import("./diagram").then(setModule, () => setModule("failed"));
    }
  }, [isShown, module]);

  if (steps.length === 0 && (drawing === null || drawing === "loading")) {
    return null;
  }
  const Diagram = module === null || module === "failed" ? null : module.Diagram;
  return (
    <section class="sheet diagram gap" aria-labelledby="where">
      <div class="head">
        <h2 id="where">{words.where}</h2>
        {drawing !== null && module !== "failed" && (
          <button class="button plain" type="button" aria-pressed={isDiagram} onClick={() => setDiagram(!isDiagram)}>
            {isDiagram ? words.asList : words.asDiagram}
          </button>
        )}
        {isShown && (
          <div class="legend">
            <span>
              <i class="dot" />
              {words.legend.done}
            </span>
            <span>
              <i class="dot now" />
              {words.legend.waiting}
            </span>
            <span>
              <i class="dot fail" />
              {words.legend.failed}
            </span>
            <span>
              <i class="dot not" />
              {words.legend.not}
            </span>
          </div>
        )}
      </div>
      <Steps steps={steps} app={app} hidden={isShown} />
      {isShown && (Diagram === null || drawing === "loading") && <Skeleton lines={4} />}
      {isShown && Diagram !== null && drawing !== "loading" && (
        <Diagram
          drawing={drawing}
          states={statesOf(steps)}
          label={words.diagramOf(identifier)}
          onFail={() => setModule("failed")}
        />
      )}
    </section>
  );
}
