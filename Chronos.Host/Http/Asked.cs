using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Host.Http;

/// <summary>The small body of an action, with its <c>Idempotency-Key</c>: read strictly, every fault named.</summary>
internal sealed class Asked
{
    private readonly Query _query;
    private readonly Rejection? _broken;

    private Asked(Query query, RequestBody body, RequestMark? request)
    {
        _query = query;
        _broken = body.Fault;
        Request = request;
        Fields = body.Fault is null ? new JobDocumentFields(body.Json, "", DocumentMode.Strict, query.Violations) : null;
    }

    /// <summary>The members of the body; null when it is no sound JSON object, which <see cref="Problem"/> then says.</summary>
    public JobDocumentFields? Fields { get; }

    public RequestMark? Request { get; }

    public ICollection<Violation> Violations => _query.Violations;

    public static async Task<Asked> Read(HttpContext http, CancellationToken cancellation)
    {
        var query = new Query(http);
        var body = await RequestBody.ReadObject(http, EmptyBody.Allowed, cancellation);
        return new Asked(query, body, body.Mark(http, query.Violations));
    }

    public void Fault(string field, string message) => _query.Fault(field, message);

    /// <summary>The refusal, once everything was read; null when all was well.</summary>
    public ProblemResult? Problem()
    {
        if (_broken is not null)
        {
            return ProblemResult.Of(_broken);
        }

        Fields!.Finish();
        return _query.Problem();
    }
}
