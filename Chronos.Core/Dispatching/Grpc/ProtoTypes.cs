using System.Collections.Frozen;
using Google.Protobuf.Reflection;
using Label = Google.Protobuf.Reflection.FieldDescriptorProto.Types.Label;
using WireKind = Google.Protobuf.Reflection.FieldDescriptorProto.Types.Type;

namespace Chronos.Core.Dispatching.Grpc;

/// <summary>One method of a service.</summary>
public sealed record ProtoMethod(ProtoSchema Schema, string Service, string Name, string InputName, string OutputName, bool ClientStreaming, bool ServerStreaming)
{
    /// <exception cref="FormatException">The descriptors do not hold the type.</exception>
    public ProtoMessage Input => Schema.FindMessage(InputName) ?? throw new FormatException($"do not hold {InputName}, which {Service}/{Name} takes");

    /// <exception cref="FormatException">The descriptors do not hold the type.</exception>
    public ProtoMessage Output => Schema.FindMessage(OutputName) ?? throw new FormatException($"do not hold {OutputName}, which {Service}/{Name} answers");
}

/// <summary>An enumeration.</summary>
public sealed class ProtoEnum
{
    private readonly FrozenDictionary<string, int> _numbers;
    private readonly FrozenDictionary<int, string> _names;

    internal ProtoEnum(string fullName, EnumDescriptorProto type, bool closed)
    {
        (FullName, Closed) = (fullName, closed);
        _numbers = type.Value.DistinctBy(value => value.Name, StringComparer.Ordinal).ToFrozenDictionary(value => value.Name, value => value.Number, StringComparer.Ordinal);

        // An alias is read; the first name is the one that is written.
        _names = type.Value.DistinctBy(value => value.Number).ToFrozenDictionary(value => value.Number, value => value.Name);
    }

    public string FullName { get; }

    /// <summary>Whether only its own numbers are allowed.</summary>
    public bool Closed { get; }

    public IEnumerable<string> Names => _numbers.Keys.Order(StringComparer.Ordinal);

    public int? NumberOf(string name) => _numbers.TryGetValue(name, out var number) ? number : null;

    public string? NameOf(int number) => _names.GetValueOrDefault(number);
}

/// <summary>A message type.</summary>
public sealed class ProtoMessage
{
    private readonly Lazy<FrozenDictionary<string, ProtoField>> _byName;
    private readonly Lazy<FrozenDictionary<int, ProtoField>> _byNumber;

    internal ProtoMessage(ProtoSchema schema, string fullName, DescriptorProto type, ProtoFeatures features)
    {
        (Schema, FullName) = (schema, fullName);
        IsMapEntry = type.Options?.MapEntry ?? false;
        var fields = new Lazy<IReadOnlyList<ProtoField>>(() =>
            [.. type.Field.OrderBy(field => field.Number).Select(field => new ProtoField(schema, field, type, features.With(field.Options?.Features)))]);
        _byNumber = new(() => fields.Value.DistinctBy(field => field.Number).ToFrozenDictionary(field => field.Number));
        _byName = new(() => fields.Value.Select(field => (Name: field.JsonName, field)).Concat(fields.Value.Select(field => (field.Name, field)))
            .DistinctBy(pair => pair.Name, StringComparer.Ordinal).ToFrozenDictionary(pair => pair.Name, pair => pair.field, StringComparer.Ordinal));
        Fields = fields;
    }

    public string FullName { get; }

    public bool IsMapEntry { get; }

    internal ProtoSchema Schema { get; }

    /// <summary>By number, ascending.</summary>
    internal Lazy<IReadOnlyList<ProtoField>> Fields { get; }

    /// <param name="name">As in JSON (<c>lowerCamel</c>) or as in the descriptor.</param>
    public ProtoField? Find(string name) => _byName.Value.GetValueOrDefault(name);

    public ProtoField? Find(int number) => _byNumber.Value.GetValueOrDefault(number);
}

/// <summary>A field of a message.</summary>
public sealed class ProtoField
{
    private readonly ProtoSchema _schema;
    private readonly string _typeName;

    internal ProtoField(ProtoSchema schema, FieldDescriptorProto field, DescriptorProto owner, ProtoFeatures features)
    {
        _schema = schema;
        _typeName = field.TypeName.TrimStart('.');
        (Name, Number) = (field.Name, field.Number);
        JsonName = field.HasJsonName ? field.JsonName : CamelCase(field.Name);
        IsRepeated = field.Label == Label.Repeated;
        Kind = field.Type == WireKind.Message && features.Delimited ? WireKind.Group : field.Type;

        // A map is length-prefixed whatever the features say.
        IsMap = IsRepeated && field.Type == WireKind.Message && (schema.FindMessage(_typeName)?.IsMapEntry ?? false);
        Kind = IsMap ? WireKind.Message : Kind;
        IsRequired = field.Label == Label.Required || features.Required;
        IsPacked = IsRepeated && IsPackable(Kind) && (field.Options is { HasPacked: true } ? field.Options.Packed : features.Packed);
        Oneof = field.HasOneofIndex && !field.Proto3Optional && field.OneofIndex < owner.OneofDecl.Count ? owner.OneofDecl[field.OneofIndex].Name : null;
        HasPresence = !IsRepeated && (field.HasOneofIndex || field.Proto3Optional || features.ExplicitPresence || Kind is WireKind.Message or WireKind.Group);
    }

    public string Name { get; }

    public string JsonName { get; }

    public int Number { get; }

    public bool IsRepeated { get; }

    public bool IsMap { get; }

    public bool IsRequired { get; }

    public bool IsPacked { get; }

    /// <summary>Whether a default value that is given differs from none.</summary>
    public bool HasPresence { get; }

    /// <summary>The oneof that it is one of.</summary>
    public string? Oneof { get; }

    internal WireKind Kind { get; }

    /// <exception cref="FormatException">The descriptors do not hold the type.</exception>
    internal ProtoMessage Message => _schema.FindMessage(_typeName) ?? throw new FormatException($"do not hold {_typeName}, the type of {Name}");

    /// <exception cref="FormatException">The descriptors do not hold the type.</exception>
    internal ProtoEnum Enum => _schema.FindEnum(_typeName) ?? throw new FormatException($"do not hold {_typeName}, the type of {Name}");

    internal static bool IsPackable(WireKind kind) => kind is not (WireKind.String or WireKind.Bytes or WireKind.Message or WireKind.Group);

    /// <summary>As protoc makes the name in JSON where the descriptor does not carry it.</summary>
    internal static string CamelCase(string name)
    {
        var text = new System.Text.StringBuilder(name.Length);
        var upper = false;
        foreach (var c in name)
        {
            if (c == '_')
            {
                upper = true;
                continue;
            }

            text.Append(upper && c is >= 'a' and <= 'z' ? (char)(c - 'a' + 'A') : c);
            upper = false;
        }

        return text.ToString();
    }
}

/// <summary>What the syntax of a file, or its edition, says about its fields.</summary>
internal readonly record struct ProtoFeatures(bool ExplicitPresence, bool Required, bool ClosedEnums, bool Packed, bool Delimited)
{
    public static ProtoFeatures Of(FileDescriptorProto file)
    {
        var basic = file.Syntax switch
        {
            "proto3" => new ProtoFeatures(false, false, false, true, false),
            "editions" => new ProtoFeatures(true, false, false, true, false),
            _ => new ProtoFeatures(true, false, true, false, false),
        };
        return basic.With(file.Options?.Features);
    }

    public ProtoFeatures With(FeatureSet? own)
    {
        if (own is null)
        {
            return this;
        }

        return new ProtoFeatures(
            own.HasFieldPresence ? own.FieldPresence != FeatureSet.Types.FieldPresence.Implicit : ExplicitPresence,
            own.HasFieldPresence ? own.FieldPresence == FeatureSet.Types.FieldPresence.LegacyRequired : Required,
            own.HasEnumType ? own.EnumType == FeatureSet.Types.EnumType.Closed : ClosedEnums,
            own.HasRepeatedFieldEncoding ? own.RepeatedFieldEncoding == FeatureSet.Types.RepeatedFieldEncoding.Packed : Packed,
            own.HasMessageEncoding ? own.MessageEncoding == FeatureSet.Types.MessageEncoding.Delimited : Delimited);
    }
}
