-- Operations of several requests, each made from the answer to the one before.
--
-- wrk asks for the next request of a thread and reports answers, without saying to which request one belongs. So an
-- answer itself has to say what comes next, and a thread takes a step that is due before it begins another operation.

local flow = {}

local due = {}       -- requests that wait to be sent
local threads = {}   -- in the main thread: all of them

finished = 0         -- operations of this thread that were completed
failed = 0           -- answers of this thread that no operation expects

-- Declares an operation: `first()` returns its first request; `next(status, body, headers)` the one after an answer, nil
-- where the operation is complete, or false where the answer is an error.
function flow.operation(first, next)
  function request()
    return table.remove(due) or first()
  end

  function response(status, headers, body)
    local step = next(status, body, headers)
    if step then
      table.insert(due, step)
    elseif step == nil then
      finished = finished + 1
    else
      failed = failed + 1
      if failed == 1 then io.stderr:write(status, " ", body:sub(1, 300), "\n") end
    end
  end
end

-- Takes the arguments behind the address: the token, then whatever else a script needs.
function init(arguments)
  wrk.headers["Authorization"] = "Bearer " .. arguments[1]
  flow.arguments = arguments
end

-- Returns a request with a JSON body.
function flow.json(method, path, body)
  return wrk.format(method, path, { ["Authorization"] = wrk.headers["Authorization"], ["Content-Type"] = "application/json" }, body)
end

function setup(thread)
  table.insert(threads, thread)
end

-- Prints what was done as one line of JSON, the last of the output.
function done(summary, latency, _)
  local all, wrong = 0, 0
  for _, thread in ipairs(threads) do
    all = all + thread:get("finished")
    wrong = wrong + thread:get("failed")
  end
  local errors = summary.errors
  wrong = wrong + errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    '{"operations": %d, "failed": %d, "requests": %d, "seconds": %.6f, "median_ms": %.3f, "p99_ms": %.3f}\n',
    all, wrong, summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end

return flow
