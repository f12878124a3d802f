import { Empty } from "../../components/state";
import { useTitle } from "../../components/title";
import { texts } from "../../texts";

/** What is not there, or may not be seen: the two are not told apart. */
export function NotFound() {
  useTitle(texts.notFound.title);
  return (
    <div class="sheet">
      <Empty isPage icon="search" title={texts.notFound.title} say={texts.notFound.say}>
        <a class="button first" href="/work">
          {texts.notFound.work}
        </a>
      </Empty>
    </div>
  );
}

/** What one may know of, but not see. */
export function NotAllowed({ detail }: { detail: string }) {
  useTitle(texts.forbidden.title);
  return (
    <div class="sheet">
      <Empty isPage icon="lock" title={texts.forbidden.title} say={`${detail} ${texts.forbidden.say}`}>
        <a class="button first" href="/work">
          {texts.notFound.work}
        </a>
      </Empty>
    </div>
  );
}
