import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useLocation } from "preact-iso";

import { Icon, Mark } from "../components/icon";
import type { IconName } from "../components/icons";
import { Menu } from "../components/menu";
import { bytes, initials, number } from "../format";
import { me, signOut } from "../session/session";
import { texts } from "../texts";
import { LowTray, Tray } from "../uploads/tray";
import { counts, refreshCounts, storage } from "./counts";

const words = texts.nav;

type Place = {
  href: string;
  icon: IconName;
  text: string;
  short: string;
  isAt: (path: string) => boolean;
  count?: number;
};

function places(): Place[] {
  const mine = counts.value?.mine ?? 0;
  return [
    {
      href: "/work",
      icon: "inbox",
      text: words.work,
      short: words.workShort,
      isAt: (path) => path === "/" || path.startsWith("/work") || path.startsWith("/tasks/"),
      ...(mine > 0 ? { count: mine } : {}),
    },
    { href: "/start", icon: "play", text: words.start, short: words.start, isAt: (path) => path.startsWith("/start") },
  ];
}

/** The rail (on a phone a bar at the bottom) and the page beside it. */
export function Frame({ children }: { children: ComponentChildren }) {
  const { path } = useLocation();
  const main = useRef<HTMLElement>(null);
  const before = useRef(path);

  useEffect(() => {
    refreshCounts();
    if (before.current !== path) {
      before.current = path;
      main.current?.focus({ preventScroll: true }); // so that screen readers begin with the new page
    }
  }, [path]);

  return (
    <>
      <a class="skip" href="#main">
        {texts.skip}
      </a>
      <div class="frame">
        <Rail path={path} />
        <main id="main" class="page" tabIndex={-1} ref={main}>
          {children}
        </main>
      </div>
      <LowBar path={path} />
    </>
  );
}

function Rail({ path }: { path: string }) {
  const who = me.value;
  return (
    <nav class="rail" aria-label={words.label}>
      <a class="brand" href="/work">
        <Mark />
        <span class="t">{texts.product}</span>
      </a>
      {places().map((place) => (
        <a key={place.href} href={place.href} aria-current={place.isAt(path) ? "page" : undefined}>
          <Icon name={place.icon} />
          <span class="t">{place.text}</span>{" "}
          {place.count !== undefined && <span class="n">{number(place.count)}</span>}
        </a>
      ))}
      <div class="foot">
        <Tray />
        <StorageMeter />
        {who !== null && (
          <div class="who">
            <a href="/me" title={words.settings} aria-current={path === "/me" ? "page" : undefined}>
              <span class="face" aria-hidden="true">
                {initials(who.name)}
              </span>
              <b class="t">{who.name}</b>
            </a>
            <button class="link as-link small t" type="button" onClick={() => void signOut()}>
              {words.signOut}
            </button>
          </div>
        )}
      </div>
    </nav>
  );
}

function StorageMeter() {
  const known = storage.value;
  if (known === null) {
    return null;
  }
  const left = Math.max(0, known.limit_bytes - known.used_bytes - known.reserved_bytes);
  return (
    <div class="small">
      <span class="quiet" id="storage">
        {words.storage}
      </span>
      <progress class="meter" aria-labelledby="storage" value={known.limit_bytes - left} max={known.limit_bytes} />
      <span class="quiet small mono">{words.storageLeft(bytes(left), bytes(known.limit_bytes))}</span>
    </div>
  );
}

function LowBar({ path }: { path: string }) {
  const overdue = counts.value?.overdue ?? 0;
  return (
    <>
      <LowTray />
      <nav class="tabs-low" aria-label={words.low}>
        {places().map((place) => (
          <a key={place.href} href={place.href} aria-current={place.isAt(path) ? "page" : undefined}>
            <Icon name={place.icon} />
            {place.short}
            {place.href === "/work" && overdue > 0 && (
              <b>
                {overdue}
                <span class="visually-hidden"> {words.overdue}</span>
              </b>
            )}
          </a>
        ))}
        <Menu
          label={words.more}
          face={
            <>
              <Icon name="menu" />
              {words.more}
            </>
          }
        >
          <span class="quiet small">{me.value?.name}</span>
          <a class="button plain" href="/me">
            {words.settings}
          </a>
          <button class="button plain" type="button" onClick={() => void signOut()}>
            {words.signOut}
          </button>
        </Menu>
      </nav>
    </>
  );
}
