using System.Text.Json;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Microsoft.OpenApi;

namespace Chronos.Host.Http;

/// <summary>The OpenAPI document: what the endpoints declare, in the words that they use.</summary>
internal static class OpenApi
{
    public static IServiceCollection AddApiDescription(this IServiceCollection services) => services.AddOpenApi("v1", options =>
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Chronos",
                Version = "v1",
                Description = "Jobs that fire on time, with a disposition for every slot. Keys travel as X-API-Key or Authorization: Bearer; refusals are problem details (RFC 9457) with a stable code.",
            };
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                ["api_key"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = "X-API-Key" },
                ["bearer"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer" },
            };
            document.Security =
            [
                new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("api_key", document)] = [] },
                new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("bearer", document)] = [] },
            ];
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            foreach (var parameter in context.Description.ActionDescriptor.EndpointMetadata.OfType<QueryParameter>())
            {
                var type = parameter.Type.Split('/');
                operation.Parameters ??= [];
                operation.Parameters.Add(new OpenApiParameter
                {
                    Name = parameter.Name,
                    In = ParameterLocation.Query,
                    Description = parameter.Description,
                    Schema = new OpenApiSchema { Type = TypeOf(type[0]), Format = type.Length > 1 ? type[1] : null },
                });
            }

            if (context.Description.ActionDescriptor.EndpointMetadata.OfType<IdempotencyKeyParameter>().Any())
            {
                operation.Parameters ??= [];
                operation.Parameters.Add(new OpenApiParameter
                {
                    Name = IdempotencyKeyParameter.Name,
                    In = ParameterLocation.Header,
                    Description = IdempotencyKeyParameter.Description,
                    Schema = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1, MaxLength = RequestBody.MaxKey },
                });
            }

            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            var type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
            if (type == typeof(DateTimeOffset))
            {
                (schema.Type, schema.Format) = (JsonSchemaType.String, "date-time");
            }
            else if (type == typeof(FailureClass))
            {
                schema.Type = JsonSchemaType.String;
                schema.Enum = [.. Enum.GetValues<FailureClass>().Select(f => (System.Text.Json.Nodes.JsonNode)JobDocumentWords.Of(f))];
            }
            else if (schema.Required is { Count: > 0 } required)
            {
                // What is absent is left out of an answer.
                foreach (var property in context.JsonTypeInfo.Properties.Where(p => p.IsGetNullable || Nullable.GetUnderlyingType(p.PropertyType) is not null))
                {
                    required.Remove(property.Name);
                }
            }
            else if (type == typeof(JsonElement))
            {
                schema.Description ??= "any JSON";
            }

            return Task.CompletedTask;
        });
    });

    private static JsonSchemaType TypeOf(string word) => word switch
    {
        "integer" => JsonSchemaType.Integer,
        "boolean" => JsonSchemaType.Boolean,
        _ => JsonSchemaType.String,
    };
}
