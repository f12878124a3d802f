-- Starts an instance of two tasks, and reads and completes it twice: five requests.
local flow = require "flow"

local function open_task(body)
  for id, closed_at in body:match('"tasks":(%b[])'):gmatch('{"id":(%d+),.-"closed_at":([^,}]+)') do
    if closed_at == "null" then return id end
  end
end

flow.operation(
  function()
    return flow.json("POST", "/api/v1/apps/TWO/instances", '{"values": {"subject": "bench"}}')
  end,
  function(status, body)
    if status >= 300 then return false end
    if body:sub(1, 8) == '{"task":' then  -- of a start or a completion
      local instance, state = body:match('"instance":{"id":(%d+),.-"state":"(%l+)"')
      if state == "running" then return wrk.format("GET", "/api/v1/instances/" .. instance) end
      return nil
    end
    return flow.json("POST", "/api/v1/tasks/" .. open_task(body) .. "/complete", "{}")
  end)
