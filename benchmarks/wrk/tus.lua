-- Creates a tus upload and sends its 10 KiB: two requests.
local flow = require "flow"

local data = string.rep("0123456789abcdef", 640)

flow.operation(
  function()
    return wrk.format("POST", "/files", { ["Tus-Resumable"] = "1.0.0", ["Upload-Length"] = tostring(#data), ["Content-Length"] = "0" })
  end,
  function(status, _, headers)
    if status == 204 then return nil end
    local location = headers["Location"] or headers["location"]
    if status ~= 201 or not location then return false end
    return wrk.format("PATCH", location:match("https?://[^/]+(.+)"),
      { ["Tus-Resumable"] = "1.0.0", ["Upload-Offset"] = "0", ["Content-Type"] = "application/offset+octet-stream" }, data)
  end)
