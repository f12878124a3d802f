// The strokes of a signature: fitted to the pad's size, and written as SVG path data.

import type { PointGroup } from "signature_pad";

/** Return the strokes for a pad of another size: smaller with it, larger as far as they fit. */
export function fitted(
  strokes: readonly PointGroup[],
  width: number,
  to: { width: number; height: number },
): PointGroup[] {
  const lowest = Math.max(1, ...strokes.flatMap((stroke) => stroke.points.map((point) => point.y)));
  const factor = Math.min(to.width / width, Math.max(1, to.height / lowest));
  return strokes.map((stroke) => ({
    ...stroke,
    points: stroke.points.map((point) => ({ ...point, x: point.x * factor, y: point.y * factor })),
  }));
}

const MOST_CHARACTERS = 99_000;

/** Return the strokes as path data, smooth between the points; coarser where the server would find it too long. */
export function pathOf(strokes: readonly PointGroup[], step = 1): string {
  const path = strokes.map((stroke) => strokePath(stroke, step)).join(" ");
  return path.length > MOST_CHARACTERS ? pathOf(strokes, step * 2) : path;
}

const at = ({ x, y }: { x: number; y: number }) => `${x.toFixed(1)} ${y.toFixed(1)}`;

function strokePath(stroke: PointGroup, step: number): string {
  const points = stroke.points.filter((_, index, all) => index % step === 0 || index === all.length - 1);
  const first = points[0];
  if (first === undefined) {
    return "";
  }
  const parts = [`M ${at(first)}`];
  points.slice(1).forEach((point, index, rest) => {
    const next = rest[index + 1];
    // A curve through the middles between the points, with the points as its controls.
    parts.push(
      next === undefined
        ? `L ${at(point)}`
        : `Q ${at(point)} ${at({ x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 })}`,
    );
  });
  return parts.join(" ");
}
