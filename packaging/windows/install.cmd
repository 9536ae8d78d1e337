@echo off
rem Installs hospes-agent, or upgrades it. For an administrator; run it where the zip was unpacked.
rem It runs no script of the machine and keeps every setting.
setlocal EnableExtensions DisableDelayedExpansion
set "source=%~dp0"
set "target=C:\Program Files\hospes-agent"
set "policy=%SystemRoot%\System32\GroupPolicy"
set "shutdown=%SystemRoot%\System32\GroupPolicy\Machine\Scripts\scripts.ini"

call :check_prompt
if errorlevel 1 exit /b 1
call :check_others
if errorlevel 1 exit /b 1
call :stop_services
if errorlevel 1 exit /b 1
call :copy_files
if errorlevel 1 exit /b 1
call :make_services
if errorlevel 1 exit /b 1
call :make_task
if errorlevel 1 exit /b 1
call :make_policy
if errorlevel 1 exit /b 1
echo hospes-agent is installed in %target%.
exit /b 0

rem A 32-bit prompt sees another System32.
:check_prompt
if not defined PROCESSOR_ARCHITEW6432 exit /b 0
echo install: this is a 32-bit prompt; use a 64-bit one>&2
exit /b 1

rem The program knows the services that do the same, and says why not. The status of a program that
rem cannot be started is negative, which `if errorlevel 1` takes for success.
:check_others
"%source%hospes-agent.exe" service install --dry-run >nul
if not %errorlevel%==0 exit /b 1
if exist "%target%\GCEMetadataScriptRunner.exe" exit /b 0
if exist "%SystemRoot%\System32\Tasks\GCEStartup" (
    echo install: somebody else made the task GCEStartup: remove google-compute-engine-metadata-scripts, or the task>&2
    exit /b 1
)
exit /b 0

:stop_services
if not exist "%target%\hospes-agent.exe" exit /b 0
"%target%\hospes-agent.exe" service stop
if not %errorlevel%==0 (
    echo install: the services of the version before do not stop; see above>&2
    exit /b 1
)
exit /b 0

:copy_files
if not exist "%target%\policy" mkdir "%target%\policy"
if not exist "%target%\policy" (
    echo install: cannot make %target%: run this as an administrator>&2
    exit /b 1
)
for %%F in (hospes-agent.exe GCEMetadataScriptRunner.exe) do (
    call :copy_program %%F
    if errorlevel 1 exit /b 1
)
for %%F in (uninstall.cmd README.txt instance_configs.cfg qemu-ga.conf CHANGELOG.md LICENSE-MIT LICENSE-APACHE third-party-licenses.txt policy\gpt.ini policy\scripts.ini) do (
    call :copy_file %%F
    if errorlevel 1 exit /b 1
)
exit /b 0

rem A program that runs, since scripts may take hours, goes on under another name.
:copy_program
if exist "%target%\%1.old" del "%target%\%1.old"
if exist "%target%\%1" ren "%target%\%1" "%1.old"
call :copy_file %1
if errorlevel 1 exit /b 1
if exist "%target%\%1.old" del "%target%\%1.old" >nul 2>nul
exit /b 0

:copy_file
copy /y "%source%%1" "%target%\%1" >nul
if errorlevel 1 (
    echo install: cannot write %target%\%1>&2
    exit /b 1
)
exit /b 0

:make_services
"%target%\hospes-agent.exe" service install
if %errorlevel%==0 "%target%\hospes-agent.exe" service start
if not %errorlevel%==0 (
    echo install: the services were not made or not started; see above, then run this again>&2
    exit /b 1
)
exit /b 0

rem It first runs at the next boot.
:make_task
schtasks /create /tn GCEStartup /xml "%source%startup-task.xml" /f >nul
if errorlevel 1 (
    echo install: the task GCEStartup, which runs the startup scripts, was not made>&2
    exit /b 1
)
exit /b 0

rem What others wrote into the machine's policy is not changed.
:make_policy
type "%shutdown%" 2>nul | find "hospes-agent" >nul
if not errorlevel 1 exit /b 0
if exist "%policy%\gpt.ini" goto :foreign_policy
if exist "%shutdown%" goto :foreign_policy
mkdir "%policy%\Machine\Scripts"
copy /y "%source%policy\scripts.ini" "%shutdown%" >nul
if not errorlevel 1 copy /y "%source%policy\gpt.ini" "%policy%\gpt.ini" >nul
if errorlevel 1 (
    echo install: cannot write the policy that runs the shutdown scripts, in %policy%>&2
    exit /b 1
)
if exist "%SystemRoot%\System32\gpupdate.exe" gpupdate /target:computer /wait:0 >nul <nul
exit /b 0
:foreign_policy
echo NOTE: this machine has a policy of its own, so shutdown scripts are NOT run. For them, add a script with gpedit.msc
echo under Computer Configuration, Windows Settings, Scripts, Shutdown:
echo   %target%\GCEMetadataScriptRunner.exe   with the parameter   shutdown
exit /b 0
