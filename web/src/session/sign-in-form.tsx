import { useEffect, useRef, useState } from "preact/hooks";

import { asProblem } from "../api/problem";
import { Icon } from "../components/icon";
import { texts } from "../texts";
import { type SignInFault, signIn } from "./session";

const words = texts.signIn;

type Props = {
  /** Known from the session that ended. */
  email?: string;
  /** Beside the main button. */
  beside?: preact.ComponentChildren;
};

/** E-mail and password, with what is wrong above them. */
export function SignInForm({ email: known = "", beside }: Props) {
  const [email, setEmail] = useState(known);
  const [password, setPassword] = useState("");
  const [account, setAccount] = useState<string | null>(null);
  const [isShown, setShown] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<SignInFault | { missing: "email" | "password" } | null>(null);
  const emailInput = useRef<HTMLInputElement>(null);
  const passwordInput = useRef<HTMLInputElement>(null);
  const missing = fault !== null && "missing" in fault ? fault.missing : null;
  const refused = fault !== null && "problem" in fault ? fault : null;
  const accounts = refused?.accounts ?? [];

  useEffect(() => {
    (known === "" ? emailInput : passwordInput).current?.focus();
  }, [known]);

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (isBusy) {
      return;
    }
    if (email === "" || password === "") {
      const first = email === "" ? "email" : "password";
      setFault({ missing: first });
      (first === "email" ? emailInput : passwordInput).current?.focus();
      return;
    }
    setBusy(true);
    try {
      const found = await signIn({ email, password, ...(account === null ? {} : { account }) });
      setFault(found);
      if (found !== null) {
        passwordInput.current?.focus();
        passwordInput.current?.select();
      }
    } catch (error) {
      setFault({ problem: asProblem(error), accounts: [], waitS: null });
    } finally {
      setBusy(false);
    }
  }

  return (
    <form class="stack" noValidate onSubmit={submit} aria-busy={isBusy}>
      {refused !== null && (
        <div class="note bad tight" role="alert">
          <Icon name="alert" />
          <div class="say">
            <Refusal fault={refused} />
          </div>
        </div>
      )}
      <div class="field">
        <label for="email">{words.email}</label>
        <input
          id="email"
          ref={emailInput}
          type="email"
          autocomplete="username"
          value={email}
          onInput={(event) => setEmail(event.currentTarget.value)}
          aria-invalid={missing === "email"}
          aria-describedby={missing === "email" ? "email-fault" : undefined}
        />
        {missing === "email" && <FieldFault id="email-fault" text={words.emailMissing} />}
      </div>
      <div class="field">
        <label for="password">{words.password}</label>
        <div class="inside">
          <input
            id="password"
            ref={passwordInput}
            type={isShown ? "text" : "password"}
            autocomplete="current-password"
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
            aria-invalid={missing === "password" || refused?.problem.code === "unauthenticated"}
            aria-describedby={missing === "password" ? "password-fault" : undefined}
          />
          <button class="button plain" type="button" aria-pressed={isShown} onClick={() => setShown(!isShown)}>
            {isShown ? words.hide : words.show}
            <span class="visually-hidden">{words.showWhat}</span>
          </button>
        </div>
        {missing === "password" && <FieldFault id="password-fault" text={words.passwordMissing} />}
      </div>
      {accounts.length > 0 && (
        <div class="field">
          <label for="account">{words.account}</label>
          <select id="account" value={account ?? ""} onChange={(event) => setAccount(event.currentTarget.value)}>
            <option value="" disabled>
              {texts.fields.choose}
            </option>
            {accounts.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </div>
      )}
      <div class="row-of end">
        {beside}
        <button class={beside === undefined ? "button first full" : "button first"} type="submit">
          {words.title}
        </button>
      </div>
    </form>
  );
}

function FieldFault({ id, text }: { id: string; text: string }) {
  return (
    <p class="error" id={id}>
      <Icon name="alert" />
      {text}
    </p>
  );
}

function Refusal({ fault }: { fault: SignInFault }) {
  if (fault.accounts.length > 0) {
    return words.chooseAccount;
  }
  const wait = fault.waitS === null ? "" : ` ${words.tooMany(fault.waitS)}`;
  if (fault.problem.code === "unauthenticated") {
    return (
      <>
        <b>{words.wrong}</b>
        {wait}
      </>
    );
  }
  return `${fault.problem.message}${fault.problem.code === "too_many_requests" ? wait : ""}`;
}
