-- Starts an instance without tasks.
local flow = require "flow"

flow.operation(
  function()
    return flow.json("POST", "/api/v1/apps/ONE/instances", '{"values": {"subject": "bench"}}')
  end,
  function(status)
    if status ~= 201 then return false end
  end)
