-- For wrk: one login a request, with the next of many keys.
--
--   wrk -s login.lua URL -- KEYS TYPE PREFIX SUFFIX
--
-- The body is PREFIX, a line of the file KEYS, SUFFIX.  The last line that is
-- printed is for programs: requests, seconds, median and 99th percentile in
-- microseconds, failures.

local threads = {}

function setup(thread)
    thread:set('number', #threads)
    table.insert(threads, thread)
end

function init(args)
    requests, at, failed = {}, 0, 0
    wrk.method = 'POST'
    wrk.headers['Content-Type'] = args[2]
    for key in io.lines(args[1]) do
        table.insert(requests, wrk.format(nil, nil, nil,
                                          args[3] .. key .. args[4]))
    end
    at = math.floor(#requests * number / 2)
end

function request()
    at = at % #requests + 1
    return requests[at]
end

function response(status)
    if status ~= 200 then
        failed = failed + 1
    end
end

function done(summary, latency)
    local bad = 0
    for _, thread in ipairs(threads) do
        bad = bad + thread:get('failed')
    end
    local e = summary.errors
    print(string.format('%d %.6f %d %d %d', summary.requests,
                        summary.duration / 1e6, latency:percentile(50),
                        latency:percentile(99),
                        bad + e.connect + e.read + e.write + e.timeout))
end
