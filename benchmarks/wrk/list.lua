-- Reads the newest 100 instances.
local flow = require "flow"

flow.operation(
  function()
    return wrk.format("GET", "/api/v1/instances?limit=100")
  end,
  function(status)
    if status ~= 200 then return false end
  end)
