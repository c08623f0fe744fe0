local status = obj.status or {}
if status.observedGeneration ~= obj.metadata.generation then
  return {status = "Progressing", message = "The operator has yet to look at the object as it is now"}
end
local held = {}
for _, condition in ipairs(status.conditions or {}) do
  held[condition.type] = condition
end
local ready = held.Ready
if ready == nil then
  return {status = "Progressing", message = "The operator has said nothing of the object yet"}
end
local health = {message = ready.reason .. ": " .. (ready.message or "")}
if held.Stalled ~= nil and held.Stalled.status == "True" then
  health.status = "Degraded"
elseif held.Reconciling ~= nil and held.Reconciling.status == "True" then
  health.status = "Progressing"
elseif ready.status == "True" then
  health.status = "Healthy"
else
  health.status = "Suspended"
end
return health
