// What a browser is called, by its User-Agent header. Their order matters: most call themselves by others' names too.

const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdgA?(?:iOS)?\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\b(?:Firefox|FxiOS)\//, "Firefox"],
  [/\b(?:Headless)?(?:Chrome|CriOS)\//, "Chrome"],
  [/\bVersion\/[\d.]+ .*Safari\//, "Safari"],
];

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bAndroid\b/, "Android"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b/, "macOS"],
  [/\bLinux\b/, "Linux"],
];

const MOST_CHARS = 60;

export type Device = { browser: string; system: string | null };

/** Return browser and system; for a program the first word of what it calls itself; null for an empty text. */
export function deviceOf(agent: string): Device | null {
  const find = (known: readonly (readonly [RegExp, string])[]) => known.find(([form]) => form.test(agent))?.[1];
  const first = agent.split(/[\s(]/)[0] ?? "";
  const browser = find(BROWSERS) ?? first.slice(0, MOST_CHARS);
  return browser === "" ? null : { browser, system: find(SYSTEMS) ?? null };
}
