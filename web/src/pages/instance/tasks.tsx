import { Icon } from "../../components/icon";
import { texts } from "../../texts";
import { holds, type InstanceView, isOffered } from "./rights";

const words = texts.instance;

/** The open tasks that wait for the person, or that they may claim. */
export function YourTasks({ view }: { view: InstanceView }) {
  const tasks = view.tasks.filter((task) => holds(task) || isOffered(task));
  return (
    <>
      {tasks.map((task) => (
        <div key={task.id} class="note info">
          <Icon name="inbox" />
          <div class="say">
            <b>{holds(task) ? words.yourTask(task.name) : words.offeredTask(task.name)}</b>
          </div>
          <a class="button first" href={`/tasks/${task.id}`}>
            {words.openTask}
            <span class="visually-hidden"> {task.name}</span>
          </a>
        </div>
      ))}
    </>
  );
}
