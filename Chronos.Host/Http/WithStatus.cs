namespace Chronos.Host.Http;

/// <summary>An answer under another status than its own 200.</summary>
internal sealed class WithStatus(int status, IResult inner) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = status;
        await inner.ExecuteAsync(httpContext);
    }
}
