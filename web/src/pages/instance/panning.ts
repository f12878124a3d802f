// Moves a drawing by dragging and by arrow keys. The wheel and vertical swipes stay with the page.

type Box = { x: number; y: number; width: number; height: number };
type Canvas = { viewbox(box?: Box): Box & { scale: number } };

const STEP = 60;
const KEYS: Record<string, [number, number]> = {
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
};

/** Let a container's drawing be moved. Returns what ends it. */
export function panning(container: HTMLElement, canvas: Canvas): () => void {
  let last: { x: number; y: number } | null = null;

  function move(dx: number, dy: number) {
    const { x, y, width, height, scale } = canvas.viewbox();
    canvas.viewbox({ x: x + dx / scale, y: y + dy / scale, width, height });
  }
  const down = (event: PointerEvent) => {
    if (event.button === 0 && !(event.target instanceof Element && event.target.closest("a, button"))) {
      last = { x: event.clientX, y: event.clientY };
      container.setPointerCapture(event.pointerId);
    }
  };
  const drag = (event: PointerEvent) => {
    if (last !== null) {
      move(last.x - event.clientX, last.y - event.clientY);
      last = { x: event.clientX, y: event.clientY };
    }
  };
  const up = () => {
    last = null;
  };
  const press = (event: KeyboardEvent) => {
    const by = KEYS[event.key];
    if (by !== undefined && event.target === container && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      move(...by);
    }
  };
  container.addEventListener("pointerdown", down);
  container.addEventListener("pointermove", drag);
  container.addEventListener("pointerup", up);
  container.addEventListener("pointercancel", up);
  container.addEventListener("keydown", press);
  return () => {
    container.removeEventListener("pointerdown", down);
    container.removeEventListener("pointermove", drag);
    container.removeEventListener("pointerup", up);
    container.removeEventListener("pointercancel", up);
    container.removeEventListener("keydown", press);
  };
}
