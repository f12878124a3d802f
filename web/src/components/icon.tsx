import { ICONS, type IconName } from "./icons";

/** An icon beside words; it says nothing of its own to screen readers. */
export function Icon({ name, tone }: { name: IconName; tone?: "good" | "bad" | "warn" | undefined }) {
  return (
    <svg class={tone === undefined ? "i" : `i ${tone}`} viewBox="0 0 24 24" aria-hidden="true">
      <path d={ICONS[name]} />
    </svg>
  );
}

/** The product's mark. */
export function Mark() {
  return (
    <svg viewBox="0 0 26 26" aria-hidden="true">
      <path d="M4 9h18v11a3 3 0 0 1-3 3H7a3 3 0 0 1-3-3z" fill="currentColor" opacity=".25" />
      <path d="M4 9h18v4c-3 3-6 4-9 4s-6-1-9-4z" fill="currentColor" />
      <path d="M8 9c0-7 10-7 10 0" fill="none" stroke="currentColor" stroke-width="2" />
      <rect x="11" y="14" width="4" height="5" rx="1.4" fill="#f4d9b8" />
    </svg>
  );
}
