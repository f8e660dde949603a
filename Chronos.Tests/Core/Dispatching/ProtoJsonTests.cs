using System.Text.Json;
using System.Text.Json.Nodes;
using Chronos.Core.Dispatching.Grpc;
using Chronos.Tests.Protos;
using Chronos.Tests.Protos.Old;
using CsCheck;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Xunit;

namespace Chronos.Tests.Core.Dispatching;

/// <summary>Our codec over descriptors against Google's, which works on generated classes.</summary>
public sealed class ProtoJsonTests
{
    private static readonly ProtoSchema Schema = ProtoSchema.Build(
    [
        FileDescriptorProto.Parser.ParseFrom(CourierReflection.Descriptor.SerializedData), FileDescriptorProto.Parser.ParseFrom(OldReflection.Descriptor.SerializedData),
    ]);

    private static readonly TypeRegistry Types = TypeRegistry.FromFiles(CourierReflection.Descriptor, TimestampReflection.Descriptor, StructReflection.Descriptor, WrappersReflection.Descriptor);
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithTypeRegistry(Types));
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default.WithTypeRegistry(Types));

    private static ProtoMessage Everything => Schema.FindMessage("chronos.tests.Everything")!;

    private static ProtoMessage Order => Schema.FindMessage("chronos.tests.old.Order")!;

    private static readonly Gen<string> Texts = Gen.OneOf(Gen.Const(string.Empty), Gen.Const("Ünï\u0001c\"ö\\dé 😀"), Gen.String[Gen.Char['a', 'z'], 0, 8]);

    private static readonly Gen<double> Doubles = Gen.OneOf(
        Gen.Double, Gen.Const(0d), Gen.Const(-0d), Gen.Const(1.5), Gen.Const(double.MaxValue), Gen.Const(double.Epsilon), Gen.Const(double.NaN), Gen.Const(double.PositiveInfinity), Gen.Const(double.NegativeInfinity));

    private static readonly Gen<Everything.Types.Inner> Inners = Gen.Select(Texts, Gen.Bool, Gen.Int.List[0, 3], (name, deep, list) =>
    {
        var inner = new Everything.Types.Inner { Name = name, Child = deep ? new Everything.Types.Inner { Name = name, Child = new Everything.Types.Inner() } : null };
        inner.List.AddRange(list);
        return inner;
    });

    private static readonly Gen<Everything> Numbers = Gen.Select(
        Gen.Int, Gen.Long, Gen.UInt, Gen.ULong, Doubles, Gen.Float, Gen.Bool, (i, l, u, ul, d, f, b) => new Everything
        {
            AnInt32 = i,
            AnInt64 = l,
            AUint32 = u,
            AUint64 = ul,
            ASint32 = ~i,
            ASint64 = ~l,
            AFixed32 = u,
            AFixed64 = ul,
            ASfixed32 = i,
            ASfixed64 = l,
            AFloat = f,
            ADouble = d,
            ABool = b,
            Colour = (Colour)(i % 9),
            MaybeInt = b ? 0 : i,
            MaybeColour = b ? Colour.None : Colour.DarkBlue,
            DoubleValue = d,
            FloatValue = f,
            Int64Value = l,
            Uint64Value = ul,
            Int32Value = b ? 0 : i,
            Uint32Value = u,
            BoolValue = b,
        });

    private static readonly Gen<Everything> Messages = Gen.Select(Numbers, Texts, Inners, Gen.Byte.Array[0, 12], Gen.Int[0, 3], Gen.Long[-62_135_596_800, 253_402_300_799], Gen.Int[0, 999_999_999], Fill);

    [Fact]
    public void What_we_decode_is_what_Google_formats()
    {
        Messages.Sample(
            message =>
            {
                var ours = ProtoJsonDecoder.Decode(message.ToByteArray(), Everything);
                Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Formatter.Format(message)), JsonNode.Parse(ours)), $"{Formatter.Format(message)}\n{ours}");
            },
            iter: 2000);
    }

    [Fact]
    public void What_we_encode_is_what_Google_parses()
    {
        Messages.Sample(
            message =>
            {
                var json = Formatter.Format(message);
                using var document = JsonDocument.Parse(json);
                Assert.Equal(Parser.Parse<Everything>(json), Protos.Everything.Parser.ParseFrom(ProtoJsonEncoder.Encode(document.RootElement, Everything, "message")));
            },
            iter: 2000);
    }

    [Theory]
    [InlineData("""{"anInt32":"12","an_int64":900719925474099,"aUint64":"18446744073709551615","aSint32":1e3,"aDouble":"1.5","aFloat":"-Infinity"}""")]
    [InlineData("""{"someBytes":"+/8=","blobs":["AQ==",""],"colour":1,"maybeColour":"COLOUR_DARK_BLUE"}""")]
    [InlineData("""{"anInt32":null,"inner":null,"strings":null,"words":null,"value":null,"chosenNull":null}""")]
    [InlineData("""{"at":"2026-11-24T15:00:00.25+01:30","lasts":"-1.000000001s","times":["0001-01-01T00:00:00Z","9999-12-31T23:59:59.999999999Z"]}""")]
    [InlineData("""{"any":{"@type":"type.googleapis.com/chronos.tests.Parcel","n":3},"mask":"fooBar,baz.quxQuux","nothing":{}}""")]
    [InlineData("""{"any":{"@type":"type.googleapis.com/google.protobuf.Timestamp","value":"2026-01-01T00:00:00Z"}}""")]
    [InlineData("""{"any":{}}""")]
    [InlineData("""{"free":{"a":[1,"x",null,{"b":true}]},"list":[[],{}],"value":{"c":1.25}}""")]
    [InlineData("""{"byFlag":{"true":"7","false":0},"byZigzag":{"-9":"NaN"},"bySize":{"18446744073709551615":"COLOUR_RED"}}""")]
    [InlineData("""{"oddNameHere1":"x","another_name":"ignored"}""")]
    [InlineData("""{"oddNameHere1":"x","anotherName":"y"}""")]
    [InlineData("""{"anInt32":1.0,"aUint32":"4294967295","packedInts":[],"numbered":{"-3":{}}}""")]
    [InlineData("""{"int32Value":0,"boolValue":false,"stringValue":"","bytesValue":"AAA="}""")]
    public void A_form_that_the_mapping_allows_means_the_same_to_both(string json)
    {
        Everything? expected = null;
        try
        {
            expected = Parser.Parse<Everything>(json);
        }
        catch (InvalidProtocolBufferException)
        {
        }

        using var document = JsonDocument.Parse(json);
        if (expected is null)
        {
            Assert.Throws<ProtoJsonException>(() => ProtoJsonEncoder.Encode(document.RootElement, Everything, "message"));
            return;
        }

        Assert.Equal(expected, Protos.Everything.Parser.ParseFrom(ProtoJsonEncoder.Encode(document.RootElement, Everything, "message")));
    }

    [Theory]
    [InlineData("""{"anInt64":9007199254740993}""", """{"anInt64":"9007199254740993"}""")]
    [InlineData("""{"someBytes":"-_8","blobs":["AQ"]}""", """{"someBytes":"+/8=","blobs":["AQ=="]}""")]
    [InlineData("""{"chosenText":null,"chosenNumber":0}""", """{"chosenNumber":0}""")]
    public void What_the_mapping_allows_and_Google_does_not_read_here_is_read_without_loss(string json, string expected)
    {
        using var document = JsonDocument.Parse(json);
        var back = ProtoJsonDecoder.Decode(ProtoJsonEncoder.Encode(document.RootElement, Everything, "m"), Everything);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(back)), back);
    }

    [Theory]
    [InlineData("""{"nope":1}""", "m.nope")]
    [InlineData("""{"inner":{"child":{"nope":1}}}""", "m.inner.child.nope")]
    [InlineData("""{"inners":[{},{"nope":1}]}""", "m.inners[1].nope")]
    [InlineData("""{"numbered":{"4":{"nope":1}}}""", "m.numbered.4.nope")]
    [InlineData("""{"anInt32":2147483648}""", "m.anInt32")]
    [InlineData("""{"anInt32":1.5}""", "m.anInt32")]
    [InlineData("""{"anInt32":" 1"}""", "m.anInt32")]
    [InlineData("""{"anInt32":true}""", "m.anInt32")]
    [InlineData("""{"aUint64":-1}""", "m.aUint64")]
    [InlineData("""{"aUint64":"18446744073709551616"}""", "m.aUint64")]
    [InlineData("""{"aFloat":1e39}""", "m.aFloat")]
    [InlineData("""{"aDouble":1e400}""", "m.aDouble")]
    [InlineData("""{"aBool":"true"}""", "m.aBool")]
    [InlineData("""{"aString":1}""", "m.aString")]
    [InlineData("""{"someBytes":"*"}""", "m.someBytes")]
    [InlineData("""{"colour":"COLOUR_PINK"}""", "m.colour")]
    [InlineData("""{"strings":"x"}""", "m.strings")]
    [InlineData("""{"strings":["a",null]}""", "m.strings[1]")]
    [InlineData("""{"words":{"a":null}}""", "m.words.a")]
    [InlineData("""{"words":[]}""", "m.words")]
    [InlineData("""{"numbered":{"x":{}}}""", "m.numbered.x")]
    [InlineData("""{"byFlag":{"yes":1}}""", "m.byFlag.yes")]
    [InlineData("""{"inner":[]}""", "m.inner")]
    [InlineData("""{"chosenText":"a","chosenNumber":1}""", "m.chosenNumber")]
    [InlineData("""{"anInt32":1,"an_int32":1}""", "m.an_int32")]
    [InlineData("""{"at":"yesterday"}""", "m.at")]
    [InlineData("""{"at":"2026-02-30T00:00:00Z"}""", "m.at")]
    [InlineData("""{"lasts":"1m"}""", "m.lasts")]
    [InlineData("""{"lasts":"315576000001s"}""", "m.lasts")]
    [InlineData("""{"any":{"@type":"type.googleapis.com/no.Such"}}""", "m.any.@type")]
    [InlineData("""{"any":{"n":1}}""", "m.any.@type")]
    [InlineData("""{"any":{"@type":"type.googleapis.com/chronos.tests.Parcel","nope":1}}""", "m.any.nope")]
    [InlineData("""{"mask":"foo_bar"}""", "m.mask")]
    [InlineData("""{"aString":"\ud800"}""", "m.aString")]
    [InlineData("[]", "m")]
    public void What_does_not_fit_is_refused_by_its_path(string json, string path)
    {
        using var document = JsonDocument.Parse(json);
        Assert.Equal(path, Assert.Throws<ProtoJsonException>(() => ProtoJsonEncoder.Encode(document.RootElement, Everything, "m")).Path);
    }

    [Fact]
    public void Proto2_keeps_presence_requires_what_is_required_and_knows_groups()
    {
        const string Json = """{"name":"a","amount":0,"size":"LARGE","loose":[1,2],"tight":[3,4],"line":[{"item":"x","price":"5"},{}]}""";
        using var document = JsonDocument.Parse(Json);
        var bytes = ProtoJsonEncoder.Encode(document.RootElement, Order, "m");
        var order = Protos.Old.Order.Parser.ParseFrom(bytes);

        Assert.True(order is { HasAmount: true, Amount: 0, Size: Protos.Old.Size.Large, Line.Count: 2 });
        Assert.Equal(5, order.Line[0].Price);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Json), JsonNode.Parse(ProtoJsonDecoder.Decode(order.ToByteArray(), Order))));

        using var none = JsonDocument.Parse("{}");
        Assert.Equal("m.name", Assert.Throws<ProtoJsonException>(() => ProtoJsonEncoder.Encode(none.RootElement, Order, "m")).Path);
        using var closed = JsonDocument.Parse("""{"name":"a","size":3}""");
        Assert.Equal("m.size", Assert.Throws<ProtoJsonException>(() => ProtoJsonEncoder.Encode(closed.RootElement, Order, "m")).Path);
    }

    [Fact]
    public void Nesting_without_end_is_refused_both_ways()
    {
        var json = string.Concat(Enumerable.Repeat("""{"child":""", 200)) + "{}" + new string('}', 200);
        using var document = JsonDocument.Parse($$"""{"inner":{{json}}}""", new JsonDocumentOptions { MaxDepth = 1000 });
        Assert.Throws<ProtoJsonException>(() => ProtoJsonEncoder.Encode(document.RootElement, Everything, "m"));

        var inner = new Everything.Types.Inner();
        for (var i = 0; i < 150; i++)
        {
            inner = new Everything.Types.Inner { Child = inner };
        }

        Assert.Throws<FormatException>(() => ProtoJsonDecoder.Decode(new Everything { Inner = inner }.ToByteArray(), Everything));
    }

    [Fact]
    public void Bytes_that_are_no_message_are_said_to_be_none_and_nothing_else_breaks()
    {
        Gen.Select(Messages, Gen.Int[0, 4000], Gen.Byte).Sample(
            (message, at, with) =>
            {
                var bytes = message.ToByteArray();
                bytes[at % bytes.Length] = with;
                try
                {
                    JsonDocument.Parse(ProtoJsonDecoder.Decode(bytes, Everything)).Dispose();
                }
                catch (FormatException)
                {
                    // Expected: nothing else may come out.
                }
            },
            iter: 5000);
    }

    [Fact]
    public void A_descriptor_set_without_its_imports_says_what_is_missing()
    {
        var file = FileDescriptorProto.Parser.ParseFrom(CourierReflection.Descriptor.SerializedData);
        file.MessageType.Remove(file.MessageType.Single(type => type.Name == "Receipt"));
        var method = ProtoSchema.Build([file]).FindMethod("chronos.tests.Courier/Deliver")!;

        Assert.Contains("chronos.tests.Receipt", Assert.Throws<FormatException>(() => method.Output).Message, StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => ProtoSchema.Parse("no descriptors"u8));
    }

    private static Everything Fill(Everything message, string text, Everything.Types.Inner inner, byte[] bytes, int choice, long seconds, int nanos)
    {
        message.AString = text;
        message.SomeBytes = ByteString.CopyFrom(bytes);
        message.Inner = inner;
        message.MaybeString = text;
        message.PackedInts.AddRange(inner.List);
        message.LooseInts.AddRange(inner.List);
        message.Zigzags.AddRange(inner.List.Select(n => (long)n * n));
        message.Doubles.Add(message.ADouble);
        message.Strings.Add(text);
        message.Strings.Add(string.Empty);
        message.Inners.Add(inner);
        message.Inners.Add(new Everything.Types.Inner());
        message.Colours.Add(Colour.DarkBlue);
        message.Blobs.Add(message.SomeBytes);
        message.Flags.Add(choice > 1);
        message.Words[text] = text;
        message.Words["b"] = string.Empty;
        message.Numbered[choice] = inner;
        message.ByFlag[choice > 1] = message.AnInt64;
        message.BySize[message.AUint64] = Colour.Red;
        message.ByZigzag[message.ASint64] = message.ADouble;
        switch (choice)
        {
            case 0: message.ChosenText = text; break;
            case 1: message.ChosenNumber = nanos % 2; break;
            case 2: message.ChosenInner = inner; break;
            default: message.ChosenNull = NullValue.NullValue; break;
        }

        message.At = new Timestamp { Seconds = seconds, Nanos = nanos };
        message.Times.Add(new Timestamp { Seconds = choice, Nanos = nanos / 1000 * 1000 });
        message.Lasts = new Duration { Seconds = choice == 0 ? 0 : -choice * 1000, Nanos = -nanos / 1_000_000 * 1_000_000 };
        message.Free = new Struct { Fields = { ["text"] = Value.ForString(text), ["list"] = Value.ForList(Value.ForBool(true), Value.ForNull(), Value.ForNumber(nanos)) } };
        message.Value = choice switch { 0 => Value.ForNull(), 1 => Value.ForNumber(1.5), 2 => Value.ForStruct(message.Free), _ => Value.ForString(text) };
        message.List = new ListValue { Values = { Value.ForString(text), Value.ForList() } };
        message.Any = choice switch { 0 => Any.Pack(inner), 1 => Any.Pack(message.At), 2 => Any.Pack(new Int64Value { Value = seconds }), _ => Any.Pack(message.Free) };
        message.Mask = new FieldMask { Paths = { "foo_bar", "baz.qux" } };
        message.Nothing = new Empty();
        message.StringValue = text;
        message.BytesValue = message.SomeBytes;
        message.OddNameHere1 = text;
        message.Renamed = text;
        return message;
    }
}
