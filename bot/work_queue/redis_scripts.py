"""What has to happen at once in Redis, as scripts: a server runs each of them undivided.

The server's own clock is used throughout, so the clocks of the machines need not agree.
https://redis.io/docs/latest/develop/programmability/eval-intro/
"""

_NOW_MS = "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000) "

# KEYS stream, delayed, dead; ARGV job, delay in ms. A job that was set aside stays there until an admin says so.
ENQUEUE = (
    _NOW_MS
    + """
if redis.call('HEXISTS', KEYS[3], ARGV[1]) == 1 then return 0 end
if tonumber(ARGV[2]) > 0 then
  redis.call('ZADD', KEYS[2], 'LT', now + ARGV[2], ARGV[1])
else
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('XADD', KEYS[1], '*', 'job', ARGV[1])
end
return 1
"""
)

# KEYS stream, delayed; ARGV how many at most, longest delay in ms. Returns ms until the next one is due, or -1.
# What is farther ahead than any delay was put off before this server's clock was set back.
RELEASE_DUE = (
    _NOW_MS
    + """
local due = redis.call('ZRANGE', KEYS[2], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1])
local lost = redis.call('ZRANGE', KEYS[2], now + tonumber(ARGV[2]), '+inf', 'BYSCORE', 'LIMIT', 0, ARGV[1])
for _, jobs in ipairs({due, lost}) do
  for _, job in ipairs(jobs) do
    redis.call('ZREM', KEYS[2], job)
    redis.call('XADD', KEYS[1], '*', 'job', job)
  end
end
local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
if first[2] == nil then return -1 end
return math.max(0, first[2] - now)
"""
)

# KEYS lease, again, starts, dead; ARGV job, run, lease in ms, starts at most, how long starts are counted in ms.
# Returns 1: go on; 0: another run has it, and will have it looked at again; -1: it is set aside; -2: it is now.
TAKE = (
    _NOW_MS
    + """
if redis.call('HEXISTS', KEYS[4], ARGV[1]) == 1 then return -1 end
if not redis.call('SET', KEYS[1], ARGV[2], 'NX', 'PX', ARGV[3]) then
  redis.call('SET', KEYS[2], '1', 'PX', 3600000)
  return 0
end
local starts = redis.call('INCR', KEYS[3])
redis.call('PEXPIRE', KEYS[3], ARGV[5])
if starts > tonumber(ARGV[4]) then
  redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
  redis.call('HSET', KEYS[4], ARGV[1], now)
  return -2
end
return 1
"""
)

# KEYS lease; ARGV run, lease in ms. Returns 0 when the lease was lost.
HOLD = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""

# KEYS lease, again, starts, stream; ARGV job, run, group, message, 1 when it has to be looked at again in any case.
# A lease that was lost belongs to somebody else by now, and so does the message.
GIVE_BACK = """
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[1], KEYS[3])
if redis.call('DEL', KEYS[2]) == 1 or ARGV[5] == '1' then
  redis.call('XADD', KEYS[4], '*', 'job', ARGV[1])
end
redis.call('XACK', KEYS[4], ARGV[3], ARGV[4])
redis.call('XDEL', KEYS[4], ARGV[4])
return 1
"""

# KEYS stream, dead; ARGV job.
REVIVE = """
if redis.call('HDEL', KEYS[2], ARGV[1]) == 0 then return 0 end
redis.call('XADD', KEYS[1], '*', 'job', ARGV[1])
return 1
"""

# KEYS held, line, asked, owners; ARGV holder, key, limit, ms after which a silent holder or waiter is forgotten.
TAKE_PLACE = (
    _NOW_MS
    + """
local stale = now - ARGV[4]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', stale)
for _, gone in ipairs(redis.call('ZRANGE', KEYS[3], '-inf', stale, 'BYSCORE')) do
  redis.call('ZREM', KEYS[2], gone)
  redis.call('ZREM', KEYS[3], gone)
end
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 1 end
redis.call('HSET', KEYS[4], ARGV[1], ARGV[2])
local free = ARGV[3] - redis.call('ZCARD', KEYS[1])
local rank = redis.call('ZRANK', KEYS[2], ARGV[1])
if free > 0 and (redis.call('ZCARD', KEYS[2]) < free or (rank and rank < free)) then
  redis.call('ZADD', KEYS[1], now, ARGV[1])
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('ZREM', KEYS[3], ARGV[1])
  return 1
end
if not rank then
  local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')
  redis.call('ZADD', KEYS[2], (last[2] or 0) + 1, ARGV[1])
end
redis.call('ZADD', KEYS[3], now, ARGV[1])
return 0
"""
)

# KEYS held, line, asked, owners; ARGV holder, key.
HOLD_PLACE = (
    _NOW_MS
    + """
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('HSET', KEYS[4], ARGV[1], ARGV[2])
return 1
"""
)

# KEYS held, line, asked, owners; ARGV limit, holders. Returns who should ask again now.
FREE_PLACE = """
local gone = 0
for i = 2, #ARGV do
  gone = gone + redis.call('ZREM', KEYS[2], ARGV[i]) + redis.call('ZREM', KEYS[1], ARGV[i])
  redis.call('ZREM', KEYS[3], ARGV[i])
  redis.call('HDEL', KEYS[4], ARGV[i])
end
if gone == 0 then return {} end
local free = ARGV[1] - redis.call('ZCARD', KEYS[1])
if free <= 0 then return {} end
return redis.call('ZRANGE', KEYS[2], 0, free - 1)
"""

# KEYS next turn, a chat's silence if there is a chat; ARGV interval, burst and longest wait in ms. Returns ms to wait,
# negated when they are too many, or when the chat is to be left alone for so long.
TAKE_TURN = (
    _NOW_MS
    + """
local silent = KEYS[2] and redis.call('PTTL', KEYS[2]) or 0
if silent > 0 then return -silent end
local turn = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now - ARGV[2])
local wait = math.max(0, turn - now)
if wait > tonumber(ARGV[3]) then return -wait end
redis.call('SET', KEYS[1], turn + ARGV[1], 'PX', math.ceil(wait + ARGV[2] + ARGV[1] + 1000))
return math.ceil(wait)
"""
)

# KEYS lock; ARGV holder. A lock that ran out may be somebody else's by now.
DROP_LOCK = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""
