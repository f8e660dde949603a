namespace Chronos.Tests.Kit;

/// <summary>Job documents for tests.</summary>
internal static class Documents
{
    /// <summary>Every field that a document may have now, with a value that is not its default.</summary>
    public const string Full = """
        {
          "name": "full", "description": "says\nwhat it does", "enabled": false,
          "schedule": {"cron": "0 2 * * 1-5", "day_match": "all", "starts_at": "2026-01-01T00:00:00Z", "ends_at": "2030-01-01T00:00:00Z", "jitter": "30s", "dst": "wall_clock"},
          "timezone": "Europe/Berlin",
          "webhook": {"url": "http://127.0.0.1:9/hook", "method": "PUT", "headers": {"X-One": "1"}, "query": {"a": "b"}, "success_codes": ["200-204"]},
          "payload": {"n": [1, 2.5, null, "x"], "deep": {"on": "no"}},
          "timeout": "30s", "deadline": "1h30m",
          "retry": {"max_attempts": 5, "initial_interval": "2s", "max_interval": "5m", "multiplier": 3, "jitter": 0.5, "retry_on": ["timeout", "connect", "5xx", "429", "lost"]},
          "concurrency": "queue", "concurrency_limit": 2, "queue_limit": 7, "concurrency_key": {"name": "warehouse", "limit": 2},
          "misfire": {"policy": "all", "max": 5, "window": "2h", "grace": "30s"},
          "priority": "high",
          "limits": {"concurrency": 3, "rate": "10/s", "burst": 40, "target": {"rate": "5/m"}, "tags": {"team": {"concurrency": 9}}},
          "tags": {"team": "data", "cost/center": "7"}, "owner": "data@example.com", "secrets": ["token"]
        }
        """;

    public static string Simple(string name) =>
        $$"""{"name":"{{name}}","schedule":"0 0 1 1 *","webhook":{"url":"http://127.0.0.1:9/hook"} }""";
}
