// Making a token, a key or the API password; its secret is shown once.

import { useRef, useState } from "preact/hooks";

import { api, take } from "../../api/client";
import { asProblem, type Problem } from "../../api/problem";
import { Dialog } from "../../components/dialog";
import { Icon } from "../../components/icon";
import { ProblemNote } from "../../components/state";
import { copyText } from "../../files/links";
import type { Me } from "../../session/session";
import { texts } from "../../texts";
import { meTexts } from "../../texts-me";
import { described, Field } from "./field";

const words = meTexts.tokens;
const KINDS = ["token", "api_key", "api_password", "named_key"] as const;
const LIFETIMES_DAYS = [30, 90, 365, 0] as const;
const DAY_MS = 86_400_000;
const MOST_NAME = 200;

type Kind = (typeof KINDS)[number];
type Props = { who: Me; hasPassword: boolean; onClose: () => void; onCreated: () => void };

export function NewToken({ who, hasPassword, onClose, onCreated }: Props) {
  const [kind, setKind] = useState<Kind>("token");
  const [name, setName] = useState("");
  const [days, setDays] = useState<(typeof LIFETIMES_DAYS)[number]>(90);
  const [isMissing, setMissing] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const nameInput = useRef<HTMLInputElement>(null);
  const isNamed = kind !== "api_password";
  const nameFault = isMissing ? words.nameMissing : null;

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (isBusy) {
      return;
    }
    const isUnnamed = isNamed && name.trim() === "";
    setMissing(isUnnamed);
    if (isUnnamed) {
      nameInput.current?.focus();
      return;
    }
    setBusy(true);
    try {
      const expiry = days === 0 ? null : new Date(Date.now() + days * DAY_MS).toISOString();
      const body = { kind, name: isNamed ? name.trim() : "", expires_at: expiry };
      const params = { path: { user: who.id } };
      const made = await take(api.POST("/api/v1/users/{user}/credentials", { params, body }));
      setSecret(made.secret);
      onCreated();
    } catch (error) {
      setProblem(asProblem(error));
    }
    setBusy(false);
  }

  if (secret !== null) {
    return <Secret kind={kind} secret={secret} email={who.email} onClose={onClose} />;
  }
  return (
    <Dialog title={words.newTitle} onClose={onClose}>
      <form class="stack" noValidate onSubmit={submit} aria-busy={isBusy}>
        {problem !== null && <ProblemNote problem={problem} />}
        <Field id="token-kind" label={words.kind} help={words.kindSay[kind]}>
          <select
            id="token-kind"
            value={kind}
            onChange={(event) => {
              setKind(event.currentTarget.value as Kind);
              setMissing(false);
            }}
            {...described("token-kind", { help: true })}
          >
            {KINDS.map((one) => (
              <option key={one} value={one}>
                {words.kinds[one]}
              </option>
            ))}
          </select>
        </Field>
        {isNamed && (
          <Field id="token-name" label={words.name} help={words.nameSay} fault={nameFault}>
            <input
              id="token-name"
              ref={nameInput}
              autocomplete="off"
              maxLength={MOST_NAME}
              value={name}
              aria-required="true"
              onInput={(event) => setName(event.currentTarget.value)}
              {...described("token-name", { help: true, fault: nameFault })}
            />
          </Field>
        )}
        <Field id="token-ends" label={words.ends}>
          <select
            id="token-ends"
            value={days}
            onChange={(event) => setDays(Number(event.currentTarget.value) as (typeof LIFETIMES_DAYS)[number])}
          >
            {LIFETIMES_DAYS.map((one) => (
              <option key={one} value={one}>
                {words.lifetimes[one]}
              </option>
            ))}
          </select>
        </Field>
        {kind === "api_password" && hasPassword && (
          <div class="note warn tight" role="alert">
            <Icon name="alert" />
            <div class="say">{words.replaces}</div>
          </div>
        )}
        <div class="row-of end">
          <button class="button" type="button" onClick={onClose}>
            {texts.cancel}
          </button>
          <button class="button first" type="submit">
            {words.create}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

type SecretProps = { kind: Kind; secret: string; email: string; onClose: () => void };

/** The secret, which nobody can read again: only its own button closes it. */
function Secret({ kind, secret, email, onClose }: SecretProps) {
  const [said, setSaid] = useState("");
  const box = useRef<HTMLInputElement>(null);
  const needsLogin = kind === "api_password" || kind === "named_key";

  async function copy() {
    if (await copyText(secret)) {
      setSaid(words.copied);
    } else {
      box.current?.focus();
      box.current?.select();
      setSaid(words.copyByHand);
    }
  }

  return (
    <Dialog title={words.secretTitle(words.kinds[kind] ?? kind)}>
      <p>{words.secretSay}</p>
      {needsLogin && (
        <p>
          {words.login} <b>{email}</b>
        </p>
      )}
      <Field id="secret" label={words.secret}>
        <div class="row-of">
          <input
            id="secret"
            ref={box}
            class="grow mono"
            readOnly
            autocomplete="off"
            value={secret}
            onFocus={(event) => event.currentTarget.select()}
          />
          <button class="button first" type="button" autofocus onClick={copy}>
            {words.copy}
          </button>
        </div>
      </Field>
      <div class="row-of end">
        <span class="grow small" role="status">
          {said}
        </span>
        <button class="button" type="button" onClick={onClose}>
          {words.done}
        </button>
      </div>
    </Dialog>
  );
}
