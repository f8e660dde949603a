using System.Data.Common;

namespace Chronos.Actors.Projections;

/// <summary>A prepared statement whose parameters are set by place: the fold of a journal runs each of them a million times.</summary>
internal sealed class Statement : IDisposable
{
    private readonly DbCommand _command;
    private readonly DbParameter[] _parameters;

    public Statement(DbConnection connection, string sql, params string[] parameters)
    {
        _command = Sql.Command(connection, sql);
        _parameters = new DbParameter[parameters.Length];
        for (var i = 0; i < parameters.Length; i++)
        {
            _parameters[i] = _command.CreateParameter();
            _parameters[i].ParameterName = Sql.Name(connection, parameters[i]);
            _parameters[i].Value = DBNull.Value;
            _command.Parameters.Add(_parameters[i]);
        }
    }

    public void Dispose() => _command.Dispose();

    public void Enlist(DbTransaction transaction) => _command.Transaction = transaction;

    public void Set(int place, object? value) => _parameters[place].Value = value ?? DBNull.Value;

    public int Run() => _command.ExecuteNonQuery();

    public DbDataReader Query() => _command.ExecuteReader();

    public object? Scalar() => _command.ExecuteScalar();
}
