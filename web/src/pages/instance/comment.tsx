import { useState } from "preact/hooks";

import { api, take } from "../../api/client";
import { asProblem, type Problem } from "../../api/problem";
import { announce } from "../../components/announce";
import { ProblemNote } from "../../components/state";
import { texts } from "../../texts";

const words = texts.instance;

/** Write a comment; what was typed stays until the server has it. */
export function CommentBox({ instance, onDone }: { instance: number; onDone: () => void }) {
  const [text, setText] = useState("");
  const [isEmpty, setEmpty] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    setEmpty(text.trim() === "");
    if (text.trim() === "" || isBusy) {
      return;
    }
    setBusy(true);
    try {
      const params = { path: { instance } };
      await take(api.POST("/api/v1/instances/{instance}/comments", { params, body: { text } }));
      setText("");
      setProblem(null);
      announce(words.commented);
      onDone();
    } catch (error) {
      setProblem(asProblem(error));
    }
    setBusy(false);
  }

  return (
    <section class="sheet not-print" aria-labelledby="comment-title">
      <h2 id="comment-title">{words.addComment}</h2>
      <form class="stack" noValidate onSubmit={submit} aria-busy={isBusy}>
        {problem !== null && <ProblemNote problem={problem} />}
        <div class="field">
          <label class="visually-hidden" for="comment">
            {words.comment}
          </label>
          <textarea
            id="comment"
            rows={3}
            value={text}
            aria-invalid={isEmpty}
            aria-describedby={isEmpty ? "comment-fault" : undefined}
            onInput={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
                event.preventDefault();
                event.currentTarget.form?.requestSubmit();
              }
            }}
          />
          {isEmpty && (
            <p class="error" id="comment-fault">
              {words.commentEmpty}
            </p>
          )}
        </div>
        <div class="row-of end">
          <button class="button" type="submit">
            {words.send}
          </button>
        </div>
      </form>
    </section>
  );
}
