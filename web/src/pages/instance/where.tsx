import { useEffect, useMemo, useState } from "preact/hooks";

import { ProblemNote, Skeleton } from "../../components/state";
import { type Loaded, useLoad } from "../../load";
import { type Progress, statesOf, stepsOf } from "../../progress/progress";
import { Steps } from "../../progress/steps";
import { texts } from "../../texts";
import { readDrawing } from "./drawing";
import type { InstanceView } from "./rights";

const words = texts.instance;
const WIDE = "(min-width: 721px)";

type Props = { view: InstanceView; progress: Loaded<Progress> };

/** Where the instance stands: drawn on a wide screen, a list on a phone and for screen readers, either on request. */
export function Where({ view, progress }: Props) {
  const [isDiagram, setDiagram] = useState(() => matchMedia(WIDE).matches);
  const [isFailed, setFailed] = useState(false);
  const isDrawn = isDiagram && !isFailed;
  const known = progress.data;
  const steps = known === null ? [] : stepsOf(known, view);
  if (known !== null && steps.length === 0) {
    return null;
  }
  return (
    <section class="sheet diagram gap" aria-labelledby="where">
      <div class="head">
        <h2 id="where">{words.where}</h2>
        {!isFailed && (
          <button class="button plain" type="button" onClick={() => setDiagram(!isDiagram)}>
            {isDiagram ? words.asList : words.asDiagram}
          </button>
        )}
        {isDrawn && <Legend />}
      </div>
      {known === null && progress.problem === null && <Skeleton lines={4} />}
      {progress.problem !== null && <ProblemNote problem={progress.problem} onRetry={progress.reload} />}
      {known !== null && <Steps steps={steps} hidden={isDrawn} />}
      {known !== null && isDrawn && <Drawn progress={known} onFail={() => setFailed(true)} />}
      {isFailed && <p class="quiet small no-drawing">{words.noDiagram}</p>}
    </section>
  );
}

function Legend() {
  return (
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
  );
}

type DrawnProps = { progress: Progress; onFail: () => void };

/** The diagram; what draws it and what is drawn are loaded only here. */
function Drawn({ progress, onFail }: DrawnProps) {
  const { app, version, identifier } = progress;
  const [module, setModule] = useState<typeof import("./diagram") | null>(null);
  const drawing = useLoad(`drawing ${app} ${version}`, () => readDrawing(app, version));
  const states = useMemo(() => statesOf(progress), [progress]);
  useEffect(() => {
    import("./diagram").then(setModule, onFail);
  }, []);
  useEffect(() => {
    if (drawing.problem !== null) {
      onFail();
    }
  }, [drawing.problem]);
  if (module === null || drawing.data === null) {
    return <Skeleton lines={4} />;
  }
  return <module.Diagram drawing={drawing.data} states={states} label={words.diagramOf(identifier)} onFail={onFail} />;
}
