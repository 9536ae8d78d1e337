@echo off
rem Removes what install.cmd made, and nothing else. For an administrator. It runs no script of the
rem machine, and a script that runs goes on. Settings stay, and so does what the agent remembers.
setlocal EnableExtensions DisableDelayedExpansion
set "target=C:\Program Files\hospes-agent"
set "policy=%SystemRoot%\System32\GroupPolicy"
set "here=%~dp0"

rem cmd reads this file while it runs it, so a copy removes it.
if /i not "%here%"=="%target%\" goto :remove
copy /y "%~f0" "%TEMP%\hospes-agent-uninstall.cmd" >nul
if errorlevel 1 (
    echo uninstall: cannot copy itself to %TEMP%>&2
    exit /b 1
)
"%TEMP%\hospes-agent-uninstall.cmd"

:remove
if not exist "%target%\hospes-agent.exe" (
    echo uninstall: there is no %target%\hospes-agent.exe>&2
    exit /b 1
)
"%target%\hospes-agent.exe" service uninstall
if not %errorlevel%==0 (
    echo uninstall: the services are still there; see above. Nothing else was removed>&2
    exit /b 1
)
call :remove_task
if errorlevel 1 exit /b 1
call :remove_unchanged "%policy%\Machine\Scripts\scripts.ini" "%target%\policy\scripts.ini"
call :remove_unchanged "%policy%\gpt.ini" "%target%\policy\gpt.ini"
for %%D in ("%policy%\Machine\Scripts" "%policy%\Machine" "%policy%") do rmdir %%D >nul 2>nul
if exist "%SystemRoot%\System32\gpupdate.exe" gpupdate /target:computer /wait:0 >nul <nul
for %%F in (uninstall.cmd README.txt instance_configs.cfg qemu-ga.conf CHANGELOG.md LICENSE-MIT LICENSE-APACHE third-party-licenses.txt policy\gpt.ini policy\scripts.ini hospes-agent.exe hospes-agent.exe.old GCEMetadataScriptRunner.exe GCEMetadataScriptRunner.exe.old) do (
    if exist "%target%\%%F" del "%target%\%%F" >nul 2>nul
)
for %%D in ("%target%\policy" "%target%") do rmdir %%D >nul 2>nul
echo hospes-agent is uninstalled.
if exist "%target%" echo NOTE: %target% is not empty: a script that still runs, or a file of yours.
exit /b 0

rem Somebody else may have made a task of this name since.
:remove_task
if not exist "%SystemRoot%\System32\Tasks\GCEStartup" exit /b 0
schtasks /query /tn GCEStartup /xml 2>nul | find /i "\metadata_scripts\" >nul
if not errorlevel 1 exit /b 0
schtasks /delete /tn GCEStartup /f >nul
if errorlevel 1 (
    echo uninstall: the task GCEStartup is still there>&2
    exit /b 1
)
exit /b 0

rem Removes the first file when its lines are those of the second.
:remove_unchanged
if not exist %1 exit /b 0
call :read found %1
call :read written %2
if "%found%"=="%written%" (
    del %1
    exit /b 0
)
echo NOTE: %~1 was changed since, and stays.
exit /b 0

:read
set "%1="
for /f "usebackq delims=" %%L in (%2) do call set "%1=%%%1%%%%L/"
exit /b 0
