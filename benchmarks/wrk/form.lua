-- Starts an instance with a file of 10 KiB in one request.
local flow = require "flow"

local body = table.concat({
  "--bench", 'Content-Disposition: form-data; name="values"', "Content-Type: application/json", "", '{"subject": "bench"}',
  "--bench", 'Content-Disposition: form-data; name="files"; filename="bench.txt"', "Content-Type: text/plain", "",
  string.rep("0123456789abcdef", 640), "--bench--", "" }, "\r\n")

flow.operation(
  function()
    local headers = { ["Authorization"] = wrk.headers["Authorization"], ["Content-Type"] = "multipart/form-data; boundary=bench" }
    return wrk.format("POST", "/api/v1/apps/COL/instances", headers, body)
  end,
  function(status)
    if status ~= 201 then return false end
  end)
