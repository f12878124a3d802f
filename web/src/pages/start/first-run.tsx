import { Empty } from "../../components/state";
import { texts } from "../../texts";

/** What to do while nothing is deployed. */
export function FirstRun() {
  return (
    <div class="sheet">
      <Empty icon="shape" title={texts.start.first} say={texts.start.firstSay}>
        <pre class="code">satchel deploy examples/product-evaluation</pre>
      </Empty>
    </div>
  );
}
