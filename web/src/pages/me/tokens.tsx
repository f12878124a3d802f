// Tokens, keys and the API password by which programs act for the person.

import { useState } from "preact/hooks";

import { api, type Schemas, take } from "../../api/client";
import { asProblem, type Problem } from "../../api/problem";
import { announce } from "../../components/announce";
import { Dialog } from "../../components/dialog";
import { Icon } from "../../components/icon";
import { ProblemNote, Skeleton } from "../../components/state";
import { dayAndTime, fullTime } from "../../format";
import { useLoad } from "../../load";
import type { Me } from "../../session/session";
import { meTexts } from "../../texts-me";
import { NewToken } from "./new-token";

const words = meTexts.tokens;

type Credential = Schemas["Credential"];

/** What people made or allowed themselves; other kinds come and go with signing in. */
function isShown(credential: Credential): boolean {
  return credential.kind in words.kinds;
}

function isOver(credential: Credential): boolean {
  return credential.expires_at !== null && new Date(credential.expires_at).getTime() <= Date.now();
}

/** Return the name that a person gave it, or what kind it is. */
function nameOf(credential: Credential): string {
  return credential.name.trim() === "" ? kindOf(credential) : credential.name;
}

function kindOf(credential: Credential): string {
  return words.kinds[credential.kind] ?? credential.kind;
}

export function Tokens({ who }: { who: Me }) {
  const list = useLoad<readonly Credential[]>(`credentials ${who.id}`, async () => {
    const params = { path: { user: who.id } };
    return (await take(api.GET("/api/v1/users/{user}/credentials", { params }))).items;
  });
  const [isAsking, setAsking] = useState(false);
  const [revoking, setRevoking] = useState<Credential | null>(null);
  const items = (list.data ?? []).filter(isShown).toReversed();

  return (
    <section class="sheet pane" aria-labelledby="tokens">
      <div class="h">
        <h2 id="tokens">{words.title}</h2>
        <span class="grow" />
        <button class="button" type="button" aria-label={words.newTitle} onClick={() => setAsking(true)}>
          <Icon name="plus" />
          {words.add}
        </button>
      </div>
      <div class="stack">
        <p class="quiet small">{words.say}</p>
        {list.problem !== null && <ProblemNote problem={list.problem} onRetry={list.reload} />}
        {list.data === null && list.problem === null && <Skeleton lines={2} />}
        {list.data !== null && items.length === 0 && <p>{words.none}</p>}
        <ul class="list grants">
          {items.map((one) => (
            <li key={one.id}>
              <div class="body">
                <span class="name">{nameOf(one)}</span>
                <span class="meta">
                  {nameOf(one) !== kindOf(one) && <span>{kindOf(one)}</span>}
                  <span title={fullTime(one.created_at)}>{words.created(dayAndTime(one.created_at))}</span>
                  <Until credential={one} />
                </span>
              </div>
              <button class="button danger" type="button" onClick={() => setRevoking(one)}>
                {words.revoke}
                <span class="visually-hidden"> {nameOf(one)}</span>
              </button>
            </li>
          ))}
        </ul>
      </div>
      {isAsking && (
        <NewToken
          who={who}
          hasPassword={items.some((one) => one.kind === "api_password" && !isOver(one))}
          onClose={() => setAsking(false)}
          onCreated={() => void list.reload()}
        />
      )}
      {revoking !== null && (
        <Revoking
          credential={revoking}
          onClose={() => setRevoking(null)}
          onDone={() => {
            announce(words.revoked(nameOf(revoking)));
            setRevoking(null);
            void list.reload();
          }}
        />
      )}
    </section>
  );
}

function Until({ credential }: { credential: Credential }) {
  if (credential.expires_at === null) {
    return <span>{words.forever}</span>;
  }
  if (isOver(credential)) {
    return (
      <span class="warn" title={fullTime(credential.expires_at)}>
        {words.expired}
      </span>
    );
  }
  return <span title={fullTime(credential.expires_at)}>{words.until(dayAndTime(credential.expires_at))}</span>;
}

type RevokingProps = { credential: Credential; onClose: () => void; onDone: () => void };

function Revoking({ credential, onClose, onDone }: RevokingProps) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);

  async function revoke() {
    if (isBusy) {
      return;
    }
    setBusy(true);
    try {
      const params = { path: { credential: credential.id } };
      await take(api.DELETE("/api/v1/credentials/{credential}", { params }));
      onDone();
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  }

  return (
    <Dialog title={words.revokeAsk(nameOf(credential))} onClose={onClose}>
      {problem !== null && <ProblemNote problem={problem} />}
      <p>{words.revokeSay}</p>
      <div class="row-of end">
        <button class="button" type="button" onClick={onClose}>
          {words.keep}
        </button>
        <button class="button danger" type="button" onClick={revoke}>
          {words.revoke}
        </button>
      </div>
    </Dialog>
  );
}
