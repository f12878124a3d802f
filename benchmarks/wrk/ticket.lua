-- Reserves an upload, sends 10 KiB, and starts an instance that claims it: three requests.
local flow = require "flow"

local data = string.rep("0123456789abcdef", 640)

flow.operation(
  function()
    return flow.json("POST", "/api/v1/uploads", '{"app": "COL", "field": "files", "size": ' .. #data .. '}')
  end,
  function(status, body)
    if status >= 300 then return false end
    if body:sub(1, 8) == '{"task":' then return nil end
    local address = body:match('"put_url":"https?://[^/]+([^"]+)"')
    if address then return wrk.format("PUT", address, {}, data) end
    local upload = body:match('"id":(%d+)')
    return flow.json("POST", "/api/v1/apps/COL/instances", '{"values": {"subject": "bench", "files": [' .. upload .. ']}}')
  end)
