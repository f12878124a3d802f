// Name, language and time zone of the person.

import { useMemo, useRef, useState } from "preact/hooks";

import { api, type Schemas, take } from "../../api/client";
import { asProblem, type Problem } from "../../api/problem";
import { announce } from "../../components/announce";
import { ProblemNote } from "../../components/state";
import { type Me, me } from "../../session/session";
import { meTexts } from "../../texts-me";
import { described, Field } from "./field";

const words = meTexts.profile;
const MOST_NAME = 200;

const LANGUAGES = ["de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt-BR", "sv", "uk", "zh-Hans"];

export function Profile({ who }: { who: Me }) {
  const [name, setName] = useState(who.name);
  const [locale, setLocale] = useState(who.locale);
  const [zone, setZone] = useState(who.time_zone);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isMissing, setMissing] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const nameInput = useRef<HTMLInputElement>(null);
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const faultOf = (field: string) => problem?.faults.find((one) => one.field === field)?.message;
  const nameFault = isMissing ? words.nameMissing : faultOf("name");

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (isBusy) {
      return;
    }
    setMissing(name.trim() === "");
    if (name.trim() === "") {
      nameInput.current?.focus();
      return;
    }
    // What somebody changed elsewhere meanwhile stays.
    const body: Schemas["ProfileChange"] = {
      ...(name.trim() === who.name ? {} : { name: name.trim() }),
      ...(locale === who.locale ? {} : { locale }),
      ...(zone === who.time_zone ? {} : { time_zone: zone }),
    };
    setBusy(true);
    try {
      const now = await take(api.PATCH("/api/v1/me", { body }));
      me.value = now;
      setName(now.name);
      setProblem(null);
      announce(words.saved);
    } catch (error) {
      setProblem(asProblem(error));
    }
    setBusy(false);
  }

  return (
    <section class="sheet pane" aria-labelledby="profile">
      <div class="h">
        <h2 id="profile">{words.title}</h2>
      </div>
      <form class="stack" noValidate onSubmit={submit} aria-busy={isBusy}>
        {problem !== null && problem.faults.length === 0 && <ProblemNote problem={problem} />}
        <Field id="name" label={words.name} fault={nameFault}>
          <input
            id="name"
            ref={nameInput}
            autocomplete="name"
            maxLength={MOST_NAME}
            value={name}
            aria-required="true"
            onInput={(event) => setName(event.currentTarget.value)}
            {...described("name", { fault: nameFault })}
          />
        </Field>
        <Field id="email" label={words.email} help={words.emailSay}>
          <input id="email" type="email" readOnly value={who.email} {...described("email", { help: true })} />
        </Field>
        <Field id="language" label={words.language} help={words.languageSay} fault={faultOf("locale")}>
          <select
            id="language"
            value={locale}
            onChange={(event) => setLocale(event.currentTarget.value)}
            {...described("language", { help: true, fault: faultOf("locale") })}
          >
            {languages(who.locale).map(([tag, own]) => (
              <option key={tag} value={tag} lang={tag}>
                {own}
              </option>
            ))}
          </select>
        </Field>
        <Field
          id="zone"
          label={words.zone}
          fault={faultOf("time_zone")}
          help={
            <>
              <span>{words.zoneSay}</span>
              {here !== zone && (
                <span>
                  {words.zoneHere(here)}{" "}
                  <button class="link as-link" type="button" onClick={() => setZone(here)}>
                    {words.useZone(here)}
                  </button>
                </span>
              )}
            </>
          }
        >
          <Zones value={zone} fault={faultOf("time_zone")} also={[who.time_zone, here]} onChange={setZone} />
        </Field>
        <div class="row-of end">
          <button class="button first" type="submit">
            {meTexts.save}
          </button>
        </div>
      </form>
    </section>
  );
}

/** The languages to choose from, each in its own words, with the present one. */
function languages(present: string): readonly (readonly [string, string])[] {
  return [...new Set([...LANGUAGES, present])]
    .map((tag) => [tag, nameOf(tag)] as const)
    .sort(([, one], [, other]) => one.localeCompare(other));
}

function nameOf(tag: string): string {
  try {
    return new Intl.DisplayNames([tag], { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag; // the server takes tags that the browser does not know
  }
}

type ZonesProps = {
  value: string;
  fault: string | undefined;
  also: readonly string[];
  onChange: (zone: string) => void;
};

/** All time zones that the browser knows, by region, and those that are needed besides. */
function Zones({ value, fault, also, onChange }: ZonesProps) {
  const regions = useMemo(() => {
    const found = new Map<string, string[]>();
    for (const zone of [...new Set([...Intl.supportedValuesOf("timeZone"), "UTC", ...also])].sort()) {
      const region = zone.includes("/") ? (zone.split("/")[0] ?? "") : words.otherZones;
      found.set(region, [...(found.get(region) ?? []), zone]);
    }
    return [...found];
  }, [also.join()]);
  return (
    <select
      id="zone"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      {...described("zone", { help: true, fault })}
    >
      {regions.map(([region, zones]) => (
        <optgroup key={region} label={region}>
          {zones.map((zone) => (
            <option key={zone} value={zone}>
              {zone.replaceAll("_", " ")}
            </option>
          ))}
        </optgroup>
      ))}
    </select>
  );
}
