using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Chronos.Core.Dispatching.Grpc;

/// <summary>The messages, enumerations and methods of a set of descriptors, resolved by name; proto2, proto3 and editions.</summary>
/// <remarks>Types that a set does not hold are found missing when they are first used, not before: a set may be larger than what a call needs.</remarks>
public sealed class ProtoSchema
{
    private const int MostTypes = 50_000;

    private static readonly Lazy<IReadOnlyList<FileDescriptorProto>> WellKnown = new(static () =>
        [.. new[]
        {
            AnyReflection.Descriptor, DurationReflection.Descriptor, EmptyReflection.Descriptor, FieldMaskReflection.Descriptor,
            StructReflection.Descriptor, TimestampReflection.Descriptor, WrappersReflection.Descriptor,
        }.Select(file => FileDescriptorProto.Parser.ParseFrom(file.SerializedData))]);

    private readonly Dictionary<string, ProtoMessage> _messages = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ProtoEnum> _enums = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ProtoMethod> _methods = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _services = new(StringComparer.Ordinal);

    private ProtoSchema()
    {
    }

    /// <summary>Full names of the services, sorted.</summary>
    public IReadOnlyCollection<string> Services => _services;

    /// <summary>Reads a serialized <c>google.protobuf.FileDescriptorSet</c>, as <c>protoc --include_imports --descriptor_set_out</c> makes it.</summary>
    /// <exception cref="FormatException">It is none, or it contradicts itself.</exception>
    public static ProtoSchema Parse(ReadOnlySpan<byte> descriptorSet)
    {
        try
        {
            return Build(FileDescriptorSet.Parser.ParseFrom(descriptorSet).File);
        }
        catch (InvalidProtocolBufferException)
        {
            throw new FormatException("is no serialized FileDescriptorSet");
        }
    }

    /// <exception cref="FormatException">The files contradict each other.</exception>
    public static ProtoSchema Build(IEnumerable<FileDescriptorProto> files)
    {
        var schema = new ProtoSchema();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            if (names.Add(file.Name))
            {
                schema.Add(file);
            }
        }

        foreach (var file in WellKnown.Value.Where(file => schema.FindMessage(Join(file.Package, file.MessageType[0].Name)) is null))
        {
            schema.Add(file);
        }

        return schema;
    }

    public ProtoMessage? FindMessage(string fullName) => _messages.GetValueOrDefault(fullName);

    public ProtoEnum? FindEnum(string fullName) => _enums.GetValueOrDefault(fullName);

    /// <param name="path"><c>package.Service/Method</c>.</param>
    public ProtoMethod? FindMethod(string path) => _methods.GetValueOrDefault(path);

    /// <summary>Names of the methods of a service, sorted.</summary>
    public IEnumerable<string> MethodsOf(string service) =>
        _methods.Values.Where(method => method.Service == service).Select(method => method.Name).Order(StringComparer.Ordinal);

    private static string Join(string scope, string name) => scope.Length == 0 ? name : $"{scope}.{name}";

    private void Add(FileDescriptorProto file)
    {
        var features = ProtoFeatures.Of(file);
        foreach (var type in file.EnumType)
        {
            Add(type, file.Package, features);
        }

        foreach (var type in file.MessageType)
        {
            Add(type, file.Package, features, 0);
        }

        foreach (var service in file.Service)
        {
            var name = Join(file.Package, service.Name);
            _services.Add(name);
            foreach (var method in service.Method)
            {
                _methods[$"{name}/{method.Name}"] = new ProtoMethod(
                    this, name, method.Name, method.InputType.TrimStart('.'), method.OutputType.TrimStart('.'), method.ClientStreaming, method.ServerStreaming);
            }
        }
    }

    private void Add(EnumDescriptorProto type, string scope, ProtoFeatures features)
    {
        var name = Join(scope, type.Name);
        if (!_enums.TryAdd(name, new ProtoEnum(name, type, features.With(type.Options?.Features).ClosedEnums)) || _enums.Count > MostTypes)
        {
            throw new FormatException($"defines {name} twice, or too many types");
        }
    }

    private void Add(DescriptorProto type, string scope, ProtoFeatures features, int depth)
    {
        var name = Join(scope, type.Name);
        var own = features.With(type.Options?.Features);
        if (depth > 32 || !_messages.TryAdd(name, new ProtoMessage(this, name, type, own)) || _messages.Count > MostTypes)
        {
            throw new FormatException($"defines {name} twice, too deep, or too many types");
        }

        foreach (var nested in type.EnumType)
        {
            Add(nested, name, own);
        }

        foreach (var nested in type.NestedType)
        {
            Add(nested, name, own, depth + 1);
        }
    }
}
